/// Why training or evaluation could not be done.
public struct LearningError: Error, CustomStringConvertible, Sendable {
  public struct Code: Hashable, Sendable {
    private enum Kind { case invalidSettings, mismatch, unsupported, diverged }
    private let kind: Kind
    /// Settings that make no sense.
    public static let invalidSettings = Code(kind: .invalidSettings)
    /// A policy or teacher whose spaces do not fit the environment.
    public static let mismatch = Code(kind: .mismatch)
    /// A combination that this algorithm has no form for.
    public static let unsupported = Code(kind: .unsupported)
    /// The parameters are no longer numbers.
    public static let diverged = Code(kind: .diverged)
  }

  public let code: Code
  /// What was wrong, and what was expected.
  public let message: String
  public var description: String { message }

  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// Refuses settings with `message` unless `condition` holds.
  static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(LearningError) {
    if !condition { throw LearningError(code: .invalidSettings, message: message()) }
  }
}
