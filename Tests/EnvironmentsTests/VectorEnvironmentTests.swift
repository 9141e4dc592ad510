import Environments
import Testing

@Suite("Stepping many environments") struct VectorEnvironmentTests {
  @Test("environment i is seeded seed + i, and runs as it would alone")
  func independence() throws {
    let together = try Stepping("CartPole-v1", count: 3, seed: 40)
    let alone = try Stepping("CartPole-v1", count: 1, seed: 42)
    for step in 0..<200 {
      #expect(together.storage.observation(2) == alone.storage.observation(0))
      together.step([1, 0, Int32(step / 2 % 2)])
      alone.step([Int32(step / 2 % 2)])
    }
  }

  @Test("a step of half of the environments touches no row of the other half")
  func halves() throws {
    let halves = try Stepping("CartPole-v1", count: 4, seed: 7)
    let storage = halves.storage
    let before = (0..<4).map { storage.observation($0) }
    halves.step([1, 1, 1, 1], range: 2..<4)
    #expect(storage.observation(0) == before[0] && storage.observation(1) == before[1])
    #expect(storage.observation(2) != before[2] && storage.observation(3) != before[3])
    #expect((0..<4).map { storage.buffers.rewards[$0] } == [0, 0, 1, 1])

    let whole = try Stepping("CartPole-v1", count: 4, seed: 7)
    whole.step([1, 1, 1, 1])
    halves.step([1, 1, 1, 1], range: 0..<2)
    #expect((0..<4).allSatisfy { storage.observation($0) == whole.storage.observation($0) })
  }

  @Test("one environment is reseeded by itself")
  func resetOne() throws {
    let two = try Stepping("CartPole-v1", count: 2, seed: 0)
    var observation: [Float] = [0, 0, 0, 0]
    two.environments.reset(environment: 1, seed: 42, observation: &observation)
    #expect(observation == [0.027395604, -0.006112156, 0.035859793, 0.019736802])
    #expect(two.environments.state(of: 0).map { Float($0) } == two.storage.observation(0))
  }

  @Test("an unknown environment is refused with the names that there are")
  func unknown() throws {
    let error = #expect(throws: EnvironmentError.self) { try EnvironmentCatalog.make(id: "CartPole", count: 1) }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("CartPole-v1") == true)
    #expect(throws: EnvironmentError.self) { try EnvironmentCatalog.make(id: "CartPole-v1", count: 0) }
  }
}
