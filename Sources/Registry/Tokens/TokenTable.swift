/// The valid tokens of a moment, to check the ones that clients present. Made anew when the registry changes.
///
/// Looking a token up reads no file and blocks on nothing: it may be done on an event loop.
public struct TokenTable: Sendable {
  private let records: [String: TokenRecord]
  /// Stands in where an id is unknown or a text no token; no secret is known to have it.
  private let nobody = SecretHash(of: TokenText(id: "").secret)

  /// - Parameter records: revoked ones among them are left out.
  public init(_ records: [TokenRecord]) {
    let valid = records.filter { !$0.isRevoked }
    self.records = Dictionary(valid.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether there is no valid token at all.
  public var isEmpty: Bool { records.isEmpty }

  /// The record of the token that `text` is; nil when it is none that is valid.
  ///
  /// There is one nil for a text that is no token, an unknown id, a wrong secret and a revoked token; and one amount of
  /// work: in each case one secret's length is hashed and 32 bytes are compared, all of them. So neither the answer nor
  /// its time tells which it was. (Ids are public: finding one in the dictionary need not take constant time.)
  public func find(_ text: String) -> TokenRecord? {
    let token = TokenText(text)
    let record = token.flatMap { records[$0.id] }
    let secret = token?.secret ?? Self.anySecret
    let matches = (record?.secretHash ?? nobody).matches(secret)
    return matches ? record : nil
  }

  /// The token with this id while it is valid: what a connection that was let in by it asks when tokens have changed.
  public func valid(id: String) -> TokenRecord? { records[id] }

  private static let anySecret = [UInt8](repeating: 0, count: TokenText.secretCharacters)
}
