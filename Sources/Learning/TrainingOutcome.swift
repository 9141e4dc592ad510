public import Neural

/// What a training ended with.
public struct TrainingOutcome: Sendable {
  public let policy: Policy
  /// Environment steps taken and episodes ended.
  public let steps: Int
  public let episodes: Int
  public let seconds: Double
  /// The deterministic evaluation on validation seeds that ended the training early; nil where it ran to its end.
  public let validation: EvaluationResult?
  /// Rows that teachers answered, by the version that answered; empty for learning without one.
  public let teacherRows: [UInt64: Int]
}

/// Time since a training began, for its reports alone: nothing learnt depends on it.
struct Stopwatch {
  private let start = ContinuousClock.now
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
