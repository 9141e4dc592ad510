import Neural
import Wire

/// A version that answers queries: immutable, one copy for all event loops.
final class LoadedVersion: Sendable {
  let model: String
  let number: UInt64
  let policy: InferencePolicy
  let observationWidth: Int
  let parameterWidth: Int
  /// Bytes of its weights.
  var bytes: Int { policy.bytes }
  /// Chooses actions from its outputs.
  let actions: ActionSelector
  /// Of one row alone, as measured when it was loaded.
  let microsecondsPerRow: Double

  /// - Parameter microsecondsPerRow: nil: it is measured.
  init(model: String, number: UInt64, policy: InferencePolicy, microsecondsPerRow: Double? = nil) {
    self.model = model
    self.number = number
    self.policy = policy
    observationWidth = policy.policy.architecture.observationWidth
    parameterWidth = policy.policy.architecture.head.parameterWidth
    actions = ActionSelector(policy.policy.architecture.head)
    self.microsecondsPerRow = microsecondsPerRow ?? Self.measure(policy)
  }

  /// The fastest of a few: the others measure what else the machine was doing.
  private static func measure(_ policy: InferencePolicy) -> Double {
    let architecture = policy.policy.architecture
    let observation = [Float](repeating: 0.5, count: architecture.observationWidth)
    var outputs = [Float](repeating: 0, count: architecture.head.parameterWidth)
    var value: Float = 0
    let workspace = Workspace()
    let clock = ContinuousClock()
    var fastest = Duration.seconds(1)
    for _ in 0..<4 {
      let took = clock.measure {
        policy.forward(observation, rows: 1, outputs: &outputs, values: &value, workspace: workspace)
      }
      fastest = min(fastest, took)
    }
    return fastest / .microseconds(1)
  }
}
