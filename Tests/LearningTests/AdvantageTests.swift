import Environments
import Testing

@testable import Learning

/// Three steps of one environment, with gamma and lambda 1/2 so that every number is exact in binary.
/// Rewards 1, 2, 4; values 2, 4, 8; the state after the last step is worth 16, and a last observation of 100 is worth 10.
@Suite("Advantages and returns, worked by hand") struct AdvantageTests {
  private func rollout(terminatedAtStep1: Bool = false, truncatedAtStep1: Bool = false) -> RolloutBuffer {
    let rollout = RolloutBuffer(steps: 3, environments: 1, observationWidth: 1)
    rollout.begin()
    for step in 0..<3 {
      rollout.values.pointer[step] = [2, 4, 8][step]
      let buffers = rollout.stepBuffers(step: step)
      buffers.rewards[0] = [1, 2, 4][step]
      buffers.terminated[0] = step == 1 && terminatedAtStep1 ? 1 : 0
      buffers.truncated[0] = step == 1 && truncatedAtStep1 ? 1 : 0
      buffers.finalObservations[0] = 100
      buffers.observations[0] = 7
      rollout.keep(step: step)
    }
    rollout.estimateAdvantages(gamma: 0.5, lambda: 0.5) { observations, rows, values in
      for row in 0..<rows { values[row] = observations[row] == 100 ? 10 : 16 }
    }
    return rollout
  }

  private func advantages(_ rollout: RolloutBuffer) -> [Float] { (0..<3).map { rollout.advantages.pointer[$0] } }

  @Test("an episode that goes on") func running() {
    let rollout = rollout()
    // delta: 4 + 16/2 - 8 = 4;  2 + 8/2 - 4 = 2;  1 + 4/2 - 2 = 1.  A: 4;  2 + 4/4;  1 + 3/4.
    #expect(advantages(rollout) == [1.75, 3, 4])
    #expect((0..<3).map { rollout.returns.pointer[$0] } == [3.75, 7, 12])
  }

  @Test("nothing is worth anything beyond a terminated episode") func terminated() {
    // delta: 4;  2 - 4 = -2;  1.  A: 4;  -2;  1 - 2/4.
    #expect(advantages(rollout(terminatedAtStep1: true)) == [0.5, -2, 4])
  }

  @Test("a truncated episode is worth its last observation's value") func truncated() {
    // delta: 4;  (2 + 10/2) - 4 = 3;  1.  A: 4;  3;  1 + 3/4.
    #expect(advantages(rollout(truncatedAtStep1: true)) == [1.75, 3, 4])
  }

  @Test("terminated and truncated in one step: terminated alone decides") func both() {
    #expect(advantages(rollout(terminatedAtStep1: true, truncatedAtStep1: true)) == [0.5, -2, 4])
  }

  @Test("a rollout begins where the last one stopped") func continues() {
    let rollout = rollout()
    rollout.begin()
    #expect(rollout.observations(step: 0)[0] == 7)
  }
}
