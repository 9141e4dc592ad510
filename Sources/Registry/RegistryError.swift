import GRDB

/// What went wrong in a registry: a code to branch on, and a message for people that says what was given and what
/// was expected.
public struct RegistryError: Error, Sendable, CustomStringConvertible {
  /// The kind of an error. A struct rather than an enum, so that new kinds break no `switch` of a caller.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A model, version, alias, run or file that is not there.
    public static let notFound = Code(description: "not found")
    /// The file is something else than a registry. It was not changed.
    public static let notARegistry = Code(description: "not a registry")
    /// The registry was written by a newer program. It was not changed.
    public static let newer = Code(description: "newer than this program")
    /// Stored bytes are not what was stored: a hash that does not match, or a page that SQLite cannot read.
    public static let corrupted = Code(description: "corrupted")
    /// The arguments make no sense.
    public static let invalid = Code(description: "invalid")
    /// The arguments make sense, and the registry's state does not allow them.
    public static let conflict = Code(description: "conflict")
    /// Another process held the registry for longer than the busy timeout.
    public static let busy = Code(description: "busy")
    /// The disk is full; nothing was changed.
    public static let diskFull = Code(description: "disk full")
    /// The registry, or the file, may only be read.
    public static let readOnly = Code(description: "read only")
    /// The operating system refused an operation on the file.
    public static let inputOutput = Code(description: "input or output")
  }

  public let code: Code
  public let message: String
  /// The error underneath, where there is one.
  public let cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  public var description: String { message }
}

extension RegistryError {
  /// The same error, and what it was about.
  func about(_ what: String, path: String) -> RegistryError {
    let detail = message.hasPrefix("\(path): ") ? String(message.dropFirst(path.count + 2)) : message
    return RegistryError(code, "\(path): \(what): \(detail)", cause: cause ?? self)
  }

  /// Passes registry errors through, and says in people's words what an SQLite error means for this registry.
  init(translating error: any Error, path: String) {
    if let error = error as? RegistryError {
      self = error
      return
    }
    // A column with a value that no program of ours has written there.
    if let error = error as? RowDecodingError {
      self.init(.corrupted, "\(path): the registry's file is damaged: \(error)", cause: error)
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(.inputOutput, "\(path): \(error)", cause: error)
      return
    }
    let detail = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
      self.init(.diskFull, "\(path): the disk is full; nothing was changed", cause: error)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.busy, "\(path): another process kept the registry locked (\(detail)); try again", cause: error)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self.init(.corrupted, "\(path): the registry's file is damaged: \(detail)", cause: error)
    case .SQLITE_ERROR:
      // Of statements that are the program's own: the tables are not what its migrations made.
      self.init(.corrupted, "\(path): the registry's schema is damaged: \(detail)", cause: error)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(.readOnly, "\(path): the registry cannot be written: \(detail)", cause: error)
    case .SQLITE_CONSTRAINT:
      self.init(.conflict, "\(path): refused by the registry's rules: \(detail)", cause: error)
    default:
      self.init(.inputOutput, "\(path): \(detail)", cause: error)
    }
  }
}
