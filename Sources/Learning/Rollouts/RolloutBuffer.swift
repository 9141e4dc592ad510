import Environments
import Neural

/// What an on-policy algorithm keeps of some steps in several environments: [steps][environments] rows.
///
/// Allocated once and overwritten by every rollout. The environments write their observations straight into it.
final class RolloutBuffer {
  let steps: Int
  let environments: Int
  let observationWidth: Int
  var rows: Int { steps * environments }

  /// [steps + 1][environments][observationWidth]: the last are the states that the next rollout starts from.
  let observations: Memory<Float>
  let actions: Memory<Int32>
  let logProbabilities: Memory<Float>
  let values: Memory<Float>
  let rewards: Memory<Float>
  /// 1 where the episode ended with the step, terminated or truncated.
  let ended: Memory<UInt8>
  let advantages: Memory<Float>
  /// Targets of the value: advantages + values.
  let returns: Memory<Float>

  /// One step's results of the environments, before they are kept.
  private let stepRewards: Memory<Double>
  private let terminated: Memory<UInt8>
  private let truncated: Memory<UInt8>
  private let finals: Memory<Float>
  /// Values of the states after the last step.
  private let lastValues: Memory<Float>

  /// Last observations of the episodes that were cut by their time limit, and the rows of their last steps.
  private var cutObservations: [Float] = []
  private var cutRows: [Int] = []

  init(steps: Int, environments: Int, observationWidth: Int) {
    self.steps = steps
    self.environments = environments
    self.observationWidth = observationWidth
    let rows = steps * environments
    observations = Memory((rows + environments) * observationWidth)
    actions = Memory(rows)
    logProbabilities = Memory(rows)
    values = Memory(rows)
    rewards = Memory(rows)
    ended = Memory(rows)
    advantages = Memory(rows)
    returns = Memory(rows)
    stepRewards = Memory(environments)
    terminated = Memory(environments)
    truncated = Memory(environments)
    finals = Memory(environments * observationWidth)
    lastValues = Memory(environments)
  }

  /// The observations that step `step` acts on.
  func observations(step: Int) -> UnsafeMutablePointer<Float> {
    observations.pointer + step * environments * observationWidth
  }

  /// Where the environments write the results of step `step`.
  func stepBuffers(step: Int) -> StepBuffers {
    StepBuffers(
      observations: observations(step: step + 1), rewards: stepRewards.pointer, terminated: terminated.pointer,
      truncated: truncated.pointer, finalObservations: finals.pointer)
  }

  /// Begins a rollout where the last one stopped.
  func begin() {
    observations.pointer.update(from: observations(step: steps), count: environments * observationWidth)
    cutObservations.removeAll(keepingCapacity: true)
    cutRows.removeAll(keepingCapacity: true)
  }

  /// Keeps what the environments wrote into `stepBuffers(step:)`.
  func keep(step: Int) {
    for index in 0..<environments {
      let row = step * environments + index
      rewards.pointer[row] = Float(stepRewards.pointer[index])
      ended.pointer[row] = terminated.pointer[index] | truncated.pointer[index]
      // A terminated episode has nothing beyond its end, also where the time limit was reached in the same step.
      if truncated.pointer[index] != 0 && terminated.pointer[index] == 0 {
        let final = finals.pointer + index * observationWidth
        cutObservations.append(contentsOf: UnsafeBufferPointer(start: final, count: observationWidth))
        cutRows.append(row)
      }
    }
  }

  /// Advantages and returns of the whole rollout by generalised advantage estimation (Schulman et al. 2016).
  ///
  /// A cut episode would have gone on: its last reward gains gamma V(last observation), as in Stable-Baselines3.
  /// - Parameter value: writes the values of some rows of observations.
  func estimateAdvantages(
    gamma: Float, lambda: Float,
    value: (_ observations: UnsafePointer<Float>, _ rows: Int, _ values: UnsafeMutablePointer<Float>) -> Void
  ) {
    if !cutRows.isEmpty {
      var cutValues = [Float](repeating: 0, count: cutRows.count)
      value(cutObservations, cutRows.count, &cutValues)
      for (row, cutValue) in zip(cutRows, cutValues) { rewards.pointer[row] += gamma * cutValue }
    }
    value(observations(step: steps), environments, lastValues.pointer)
    VectorMath.generalizedAdvantages(
      steps: steps, environments: environments, rewards: rewards.pointer, values: values.pointer, ended: ended.pointer,
      lastValues: lastValues.pointer, gamma: gamma, lambda: lambda, advantages: advantages.pointer,
      returns: returns.pointer)
  }
}
