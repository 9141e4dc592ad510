/// What is wrong with a model, or with how it was named: a code to branch on, and a message that says what was given
/// and what was expected.
public struct ModelStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A reference that cannot be read.
    public static let usage = Code(description: "usage")
    /// A version whose golden rows come out differently, or whose records do not fit its artefact.
    public static let mismatch = Code(description: "mismatch")
    /// A file that cannot be read or written.
    public static let file = Code(description: "file")
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
