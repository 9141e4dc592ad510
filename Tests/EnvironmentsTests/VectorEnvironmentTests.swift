import Environments
import Testing

@Suite("Stepping many environments") struct VectorEnvironmentTests {
  @Test("environment i is seeded seed + i, and runs as it would alone")
  func independence() throws {
    let together = try EnvironmentCatalog.make(id: "CartPole-v1", count: 3)
    let memory = StepMemory(count: 3, width: 4)
    memory.reset(together, seed: 40)
    let alone = try EnvironmentCatalog.make(id: "CartPole-v1", count: 1)
    let aloneMemory = StepMemory(count: 1, width: 4)
    aloneMemory.reset(alone, seed: 42)
    for step in 0..<200 {
      #expect(memory.observation(2) == aloneMemory.observation(0))
      memory.step(together, actions: [1, 0, Int32(step / 2 % 2)])
      aloneMemory.step(alone, actions: [Int32(step / 2 % 2)])
    }
  }

  @Test("a step of half of the environments touches no row of the other half")
  func halves() throws {
    let environments = try EnvironmentCatalog.make(id: "CartPole-v1", count: 4)
    let memory = StepMemory(count: 4, width: 4)
    memory.reset(environments, seed: 7)
    let before = (0..<4).map { memory.observation($0) }
    memory.step(environments, range: 2..<4, actions: [1, 1, 1, 1])
    #expect(memory.observation(0) == before[0] && memory.observation(1) == before[1])
    #expect(memory.observation(2) != before[2] && memory.observation(3) != before[3])
    #expect(memory.terminated == [9, 9, 0, 0])
    #expect(memory.rewards[0].isNaN && memory.rewards[2] == 1)

    let whole = try EnvironmentCatalog.make(id: "CartPole-v1", count: 4)
    let wholeMemory = StepMemory(count: 4, width: 4)
    wholeMemory.reset(whole, seed: 7)
    wholeMemory.step(whole, actions: [1, 1, 1, 1])
    memory.step(environments, range: 0..<2, actions: [1, 1, 1, 1])
    #expect(memory.observations == wholeMemory.observations)
  }

  @Test("one environment is reseeded by itself")
  func resetOne() throws {
    let environments = try EnvironmentCatalog.make(id: "CartPole-v1", count: 2)
    let memory = StepMemory(count: 2, width: 4)
    memory.reset(environments, seed: 0)
    var observation: [Float] = [0, 0, 0, 0]
    environments.reset(environment: 1, seed: 42, observation: &observation)
    #expect(observation == [0.027395604, -0.006112156, 0.035859793, 0.019736802])
    #expect(environments.state(of: 0).map { Float($0) } == memory.observation(0))
  }

  @Test("an unknown environment is refused with the names that there are")
  func unknown() throws {
    let error = #expect(throws: EnvironmentError.self) { try EnvironmentCatalog.make(id: "CartPole", count: 1) }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("CartPole-v1") == true)
    #expect(throws: EnvironmentError.self) { try EnvironmentCatalog.make(id: "CartPole-v1", count: 0) }
  }
}
