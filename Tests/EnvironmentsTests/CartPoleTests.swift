import Environments
import Testing

@Suite("CartPole-v1 against Gymnasium's recorded runs") struct CartPoleTests {
  @Test("whole runs: every float32 observation, reward, flag and reset is Gymnasium's to the bit")
  func wholeRuns() throws {
    for run in try RecordedTrace.load("CartPole-v1").runs {
      let one = try Stepping("CartPole-v1", count: 1, seed: run.seed)
      let (environments, storage) = (one.environments, one.storage)
      #expect(storage.observation(0) == run.resetObservation.map { Float($0) })
      #expect(environments.state(of: 0) == run.resetState)
      for (index, step) in run.steps.enumerated() {
        one.step([step.action])
        let ended = step.terminated || step.truncated
        let shown = ended ? storage.finalObservation(0) : storage.observation(0)
        try #require(shown == step.observation.map { Float($0) }, "seed \(run.seed), step \(index)")
        #expect(storage.buffers.rewards[0] == step.reward)
        #expect((storage.buffers.terminated[0] == 1) == step.terminated)
        #expect((storage.buffers.truncated[0] == 1) == step.truncated)
        if let next = step.resetObservation { #expect(storage.observation(0) == next.map { Float($0) }) }
        if let next = step.resetState {
          #expect(environments.state(of: 0) == next)
          #expect(environments.finalState(of: 0) == step.nextState)
        }
      }
    }
  }

  @Test("single steps from the recorded float64 states")
  func singleSteps() throws {
    let one = try Stepping("CartPole-v1", count: 1, seed: 0)
    for step in try RecordedTrace.load("CartPole-v1").runs.flatMap(\.steps) where !step.terminated && !step.truncated {
      one.environments.reset(seed: 0, observations: one.storage.buffers.observations)
      one.environments.setState(step.state, of: 0)
      one.step([step.action])
      for (ours, theirs) in zip(one.environments.state(of: 0), step.nextState) {
        #expect(abs(ours - theirs) <= 1e-12 * max(abs(theirs), 1e-3))
      }
    }
  }

  @Test("an episode is truncated at 500 steps, and starts again in the same step")
  func timeLimit() throws {
    let one = try Stepping("CartPole-v1", count: 1, seed: 3)
    let storage = one.storage
    let observation = storage.buffers.observations
    var lengths: [Int] = []
    var length = 0
    for _ in 0..<1100 {
      // A pole that leans is caught by the push towards its side: this stands for hundreds of steps.
      let lean =
        observation[2] + 0.3 * observation[3] + 0.03 * observation[0]
        + 0.06 * observation[1]
      one.step([lean > 0 ? 1 : 0])
      length += 1
      if storage.buffers.terminated[0] == 1 || storage.buffers.truncated[0] == 1 {
        #expect(storage.buffers.truncated[0] == (length == 500 ? 1 : 0))
        #expect(storage.buffers.terminated[0] == 0)
        #expect(storage.observation(0).allSatisfy { abs($0) <= 0.05 })
        #expect(storage.observation(0) != storage.finalObservation(0))
        lengths.append(length)
        length = 0
      }
    }
    #expect(lengths == [500, 500])
  }
}
