/// Why a training job was refused or failed: a code for programs, and for people what was given and what was expected.
public struct StudentError: Error, Hashable, Sendable, CustomStringConvertible {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A job's text or settings that make no sense.
    public static let invalidJob = Code(description: "invalid job")
    /// A teacher whose spaces are not those of the environment.
    public static let misfit = Code(description: "misfit")
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
