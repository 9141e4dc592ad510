/// What became of an episode's report.
public enum ReportOutcome: String, Hashable, Sendable {
  /// It counts, or will when the episodes that started before it are over.
  case accepted
  /// No episode of that name started in this step.
  case unknownUnit = "unknown unit"
  /// The episode is another version's.
  case wrongArm = "wrong arm"
  case alreadyReported = "already reported"
  /// It was given up before.
  case timedOut = "timed out"
  /// The return is no number, or outside the plan's range.
  case outOfRange = "out of range"
}
