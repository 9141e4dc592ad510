import Environments
import Testing

@Suite("CartPole-v1 against Gymnasium's recorded runs") struct CartPoleTests {
  @Test("whole runs: every float32 observation, reward, flag and reset is Gymnasium's to the bit")
  func wholeRuns() throws {
    for run in try RecordedTrace.load("CartPole-v1").runs {
      let environments = try EnvironmentCatalog.make(id: "CartPole-v1", count: 1)
      let memory = StepMemory(count: 1, width: 4)
      memory.reset(environments, seed: run.seed)
      #expect(memory.observation(0) == run.resetObservation.map { Float($0) })
      #expect(environments.state(of: 0) == run.resetState)
      for (index, step) in run.steps.enumerated() {
        memory.step(environments, actions: [step.action])
        let ended = step.terminated || step.truncated
        let shown = ended ? memory.final(0) : memory.observation(0)
        try #require(shown == step.observation.map { Float($0) }, "seed \(run.seed), step \(index)")
        #expect(memory.rewards[0] == step.reward)
        #expect((memory.terminated[0] == 1) == step.terminated)
        #expect((memory.truncated[0] == 1) == step.truncated)
        if let next = step.resetObservation { #expect(memory.observation(0) == next.map { Float($0) }) }
        if let next = step.resetState { #expect(environments.state(of: 0) == next) }
      }
    }
  }

  @Test("single steps from the recorded float64 states")
  func singleSteps() throws {
    let environments = try EnvironmentCatalog.make(id: "CartPole-v1", count: 1)
    let memory = StepMemory(count: 1, width: 4)
    for step in try RecordedTrace.load("CartPole-v1").runs.flatMap(\.steps) where !step.terminated && !step.truncated {
      memory.reset(environments, seed: 0)
      environments.setState(step.state, of: 0)
      memory.step(environments, actions: [step.action])
      for (ours, theirs) in zip(environments.state(of: 0), step.nextState) {
        #expect(abs(ours - theirs) <= 1e-12 * max(abs(theirs), 1e-3))
      }
    }
  }

  @Test("an episode is truncated at 500 steps, and starts again in the same step")
  func timeLimit() throws {
    let environments = try EnvironmentCatalog.make(id: "CartPole-v1", count: 1)
    let memory = StepMemory(count: 1, width: 4)
    memory.reset(environments, seed: 3)
    var lengths: [Int] = []
    var length = 0
    for _ in 0..<1100 {
      // A pole that leans is caught by the push towards its side: this stands for hundreds of steps.
      let lean = memory.observations[2] + 0.3 * memory.observations[3] + 0.03 * memory.observations[0]
        + 0.06 * memory.observations[1]
      memory.step(environments, actions: [lean > 0 ? 1 : 0])
      length += 1
      if memory.terminated[0] == 1 || memory.truncated[0] == 1 {
        #expect(memory.truncated[0] == (length == 500 ? 1 : 0))
        #expect(memory.terminated[0] == 0)
        #expect(memory.observation(0).allSatisfy { abs($0) <= 0.05 })
        #expect(memory.observation(0) != memory.final(0))
        lengths.append(length)
        length = 0
      }
    }
    #expect(lengths == [500, 500])
  }
}
