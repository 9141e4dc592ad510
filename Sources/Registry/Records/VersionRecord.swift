/// One immutable version of a model, without its artefact's bytes.
public struct VersionRecord: Hashable, Sendable {
  public let model: String
  /// From 1 upwards in each model, never used twice.
  public let number: UInt64
  /// Of the artefact.
  public let sha256: ContentHash
  public let artefactBytes: Int
  /// The policy's architecture as JSON, so that it can be listed without reading the artefact.
  public let architectureJSON: String
  /// Over spaces, normalizer, architecture and weights; nil where the publisher gave none.
  public let fingerprint: ContentHash?
  public let createdMicroseconds: Int64
  /// Who published it.
  public let who: String
  public let lineage: Lineage

  /// The rows in the registry's tables.
  let id: Int64
  let artefactID: Int64
}

/// A model: a name, its versions' numbers and where its aliases point.
public struct ModelRecord: Hashable, Sendable {
  public let name: String
  public let createdMicroseconds: Int64
  /// Ascending.
  public let versions: [UInt64]
  /// By name.
  public let aliases: [AliasRecord]
}

/// Which version of a model is meant.
public enum VersionSelector: Hashable, Sendable, CustomStringConvertible {
  case version(UInt64)
  case alias(String)

  /// What answers when nothing else is asked for.
  public static let stable = VersionSelector.alias(stableAlias)
  static let stableAlias = "stable"

  public var description: String {
    switch self {
    case .version(let number): "#\(number)"
    case .alias(let name): "@\(name)"
    }
  }
}
