/// Why a plan of a rollout was refused: a code for programs, and for people what was given and what was expected.
public struct PlanError: Error, Hashable, Sendable, CustomStringConvertible {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A text that is no YAML, or whose keys or values are not those of a plan.
    public static let unreadable = Code(description: "unreadable")
    /// Values that make no sense, alone or together.
    public static let invalid = Code(description: "invalid")
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
