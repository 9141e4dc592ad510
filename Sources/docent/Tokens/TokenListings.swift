import Registry

/// One token as these commands print it.
struct TokenListing: Encodable {
  let id: String
  let name: String
  let scopes: [String]
  let rowsPerSecond: Int?
  let created: String
  let createdBy: String
  let revoked: String?
  let revokedBy: String?

  init(_ record: TokenRecord) {
    id = record.id
    name = record.name
    scopes = record.scopes.ordered.map(\.rawValue)
    rowsPerSecond = record.rowsPerSecond
    created = Timestamp.text(microseconds: record.createdMicroseconds)
    createdBy = record.createdBy
    revoked = record.revokedMicroseconds.map { Timestamp.text(microseconds: $0) }
    revokedBy = record.revokedBy
  }
}

/// A token that was just made: the only listing with the token itself.
struct NewTokenListing: Encodable {
  let id: String
  let name: String
  let scopes: [String]
  let rowsPerSecond: Int?
  let created: String
  let token: String

  init(_ record: TokenRecord, token: String) {
    let listing = TokenListing(record)
    id = listing.id
    name = listing.name
    scopes = listing.scopes
    rowsPerSecond = listing.rowsPerSecond
    created = listing.created
    self.token = token
  }
}

/// What a revocation did.
struct RevocationListing: Encodable {
  let id: String
  let name: String
  let revoked: String
  let by: String
  /// Whether the token was revoked before: nothing changed then.
  let wasRevoked: Bool

  init(_ record: TokenRecord, wasRevoked: Bool) {
    id = record.id
    name = record.name
    revoked = record.revokedMicroseconds.map { Timestamp.text(microseconds: $0) } ?? "-"
    by = record.revokedBy ?? "-"
    self.wasRevoked = wasRevoked
  }
}
