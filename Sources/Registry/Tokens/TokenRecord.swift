/// A token as a registry knows it: everything but its secret. Records stay when their tokens are revoked.
public struct TokenRecord: Hashable, Sendable {
  /// The most characters of a name. A secret is longer, so that a secret given for a name is recognised.
  public static let nameLengthMax = 40
  public static let nameRule =
    "1 to \(nameLengthMax) of A-Z a-z 0-9 . _ -, beginning with a letter or a digit, without '\(TokenText.prefix)'"

  /// Short, public, unique in the registry.
  public let id: String
  /// Unique among the tokens that are not revoked.
  public let name: String
  /// At least one.
  public let scopes: Set<TokenScope>
  /// The most rows that the bearer may ask for in a second; nil: as many as there are.
  public let rowsPerSecond: Int?
  public let createdMicroseconds: Int64
  public let createdBy: String
  /// nil: it is valid.
  public let revokedMicroseconds: Int64?
  public let revokedBy: String?

  let secretHash: SecretHash

  public var isRevoked: Bool { revokedMicroseconds != nil }

  public static func isValidName(_ name: String) -> Bool {
    RegistryName.isValid(name) && !TokenText.mayHoldSecret(name)
  }
}

extension TokenRecord: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String {
    let scopes = scopes.ordered.map(\.rawValue).joined(separator: ", ")
    return "token '\(name)' (id \(id), \(scopes)\(isRevoked ? ", revoked" : ""))"
  }

  public var debugDescription: String { description }
}
