import Neural

/// Rows of a rollout gathered side by side for one gradient step.
final class Minibatch {
  let observations: Memory<Float>
  let actions: Memory<Int32>
  let logProbabilities: Memory<Float>
  let values: Memory<Float>
  let advantages: Memory<Float>
  let returns: Memory<Float>

  init(rows: Int, observationWidth: Int) {
    observations = Memory(rows * observationWidth)
    actions = Memory(rows)
    logProbabilities = Memory(rows)
    values = Memory(rows)
    advantages = Memory(rows)
    returns = Memory(rows)
  }

  func gather(_ rollout: RolloutBuffer, rows indices: UnsafeBufferPointer<Int32>) {
    guard let first = indices.baseAddress else { return }
    let count = indices.count
    func gather(_ from: Memory<Float>, _ to: Memory<Float>, width: Int = 1) {
      VectorMath.gather(from.pointer, width: width, indices: first, rows: count, out: to.pointer)
    }
    gather(rollout.observations, observations, width: rollout.observationWidth)
    gather(rollout.logProbabilities, logProbabilities)
    gather(rollout.values, values)
    gather(rollout.advantages, advantages)
    gather(rollout.returns, returns)
    for row in 0..<count { actions.pointer[row] = rollout.actions.pointer[Int(first[row])] }
  }
}
