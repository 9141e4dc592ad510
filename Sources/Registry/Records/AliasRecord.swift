/// Where an alias points now.
public struct AliasRecord: Hashable, Sendable {
  public let alias: String
  public let version: UInt64
}

/// One line of an alias's history. Lines are only ever added.
public struct AliasChange: Hashable, Sendable {
  public let alias: String
  /// nil: the alias did not exist.
  public let from: UInt64?
  /// nil: the alias was removed.
  public let to: UInt64?
  public let who: String
  public let whenMicroseconds: Int64
  public let why: String
}
