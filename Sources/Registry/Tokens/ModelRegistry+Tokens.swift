import Foundation
import GRDB

extension ModelRegistry {
  /// Every token, revoked ones too, in the order in which they were made.
  public func tokens() throws -> [TokenRecord] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM tokens ORDER BY number").map { try Self.tokenRecord($0) }
    }
  }

  /// Makes a token.
  ///
  /// - Parameters:
  ///   - name: by `TokenRecord.nameRule`; that of a revoked token may be used again.
  ///   - scopes: at least one.
  ///   - rowsPerSecond: positive; nil for no limit.
  /// - Returns: the token, which nothing else ever tells again (the registry keeps the SHA-256 of its secret alone), and
  ///   its record.
  /// - Throws: `conflict` for a name that is in use, `invalid` for arguments that make no sense.
  public func createToken(
    name: String, scopes: Set<TokenScope>, rowsPerSecond: Int? = nil, by who: String
  ) throws -> (token: String, record: TokenRecord) {
    try Self.require(name: name, scopes: scopes, rowsPerSecond: rowsPerSecond)
    let now = clock()
    return try write { db in
      try requireFree(db, name)
      let token = TokenText(id: try Self.freeID(db))
      let record = TokenRecord(
        id: token.id, name: name, scopes: scopes, rowsPerSecond: rowsPerSecond, createdMicroseconds: now,
        createdBy: who, revokedMicroseconds: nil, revokedBy: nil, secretHash: SecretHash(of: token.secret))
      try Self.insert(db, record)
      return (token.exposed, record)
    }
  }

  /// Revokes a token: from now on it opens nothing. To revoke it again changes nothing.
  ///
  /// - Parameter token: its id or its name. A name means the valid token that has it; where there is none, the one
  ///   revoked last.
  /// - Returns: the record as it is now, and whether the token was revoked before.
  /// - Throws: `notFound`, with the names that there are.
  @discardableResult
  public func revokeToken(_ token: String, by who: String) throws -> (record: TokenRecord, wasRevoked: Bool) {
    let now = clock()
    return try write { db in
      let found = try requireToken(db, token)
      if found.isRevoked { return (found, true) }
      try db.execute(
        sql: "UPDATE tokens SET revoked_us = ?, revoked_by = ? WHERE id = ?", arguments: [now, who, found.id])
      return (try requireToken(db, found.id), false)
    }
  }

  // MARK: Rows

  private func requireToken(_ db: Database, _ token: String) throws -> TokenRecord {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT * FROM tokens WHERE id = :token OR name = :token
        ORDER BY id = :token DESC, revoked_us IS NULL DESC, revoked_us DESC, number DESC LIMIT 1
        """, arguments: ["token": token])
    if let row { return try Self.tokenRecord(row) }
    let names = try String.fetchAll(db, sql: "SELECT name FROM tokens WHERE revoked_us IS NULL ORDER BY name")
    // What was given may be a token by mistake: messages end in logs.
    let given =
      TokenText.mayHoldSecret(token)
      ? "what was given is no name or id of a token (it is not repeated here, as it may be a secret)"
      : "there is no token '\(token)'"
    throw RegistryError(.notFound, "\(path): \(given); there is \(Self.listing(names, none: "none that is valid"))")
  }

  private func requireFree(_ db: Database, _ name: String) throws {
    let taken = try Row.fetchOne(
      db, sql: "SELECT * FROM tokens WHERE (name = :name AND revoked_us IS NULL) OR id = :name",
      arguments: ["name": name])
    guard let taken = try taken.map(Self.tokenRecord) else { return }
    throw RegistryError(
      .conflict,
      taken.id == name
        ? "\(path): '\(name)' is the id of a token; expected another name"
        : "\(path): there is a token '\(name)' (id \(taken.id)); revoke it first, or take another name")
  }

  /// An id that neither a token nor a name has, so that either names one token.
  private static func freeID(_ db: Database) throws -> String {
    while true {
      let id = TokenText.randomID()
      let taken = try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM tokens WHERE id = :id OR name = :id)", arguments: ["id": id])
      if taken != true { return id }
    }
  }

  private static func insert(_ db: Database, _ record: TokenRecord) throws {
    try db.execute(
      sql: """
        INSERT INTO tokens (id, name, query, publish, operate, secret_sha256, rows_per_second, created_us, created_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        record.id, record.name, record.scopes.contains(.query), record.scopes.contains(.publish),
        record.scopes.contains(.operate), Data(record.secretHash.bytes), record.rowsPerSecond,
        record.createdMicroseconds, record.createdBy,
      ])
  }

  private static func tokenRecord(_ row: Row) throws -> TokenRecord {
    guard let secretHash = SecretHash(stored: try row.value("secret_sha256")) else {
      throw RegistryError(.corrupted, "the SHA-256 of token '\(try row.value("name") as String)' has not 32 bytes")
    }
    return TokenRecord(
      id: try row.value("id"), name: try row.value("name"),
      scopes: try Set(TokenScope.allCases.filter { try row.value($0.rawValue) as Bool }),
      rowsPerSecond: try row.value("rows_per_second"), createdMicroseconds: try row.value("created_us"),
      createdBy: try row.value("created_by"),
      revokedMicroseconds: try row.value("revoked_us"), revokedBy: try row.value("revoked_by"), secretHash: secretHash)
  }

  private static func require(name: String, scopes: Set<TokenScope>, rowsPerSecond: Int?) throws {
    guard TokenRecord.isValidName(name) else {
      let given = TokenText.mayHoldSecret(name) ? "the token name that was given" : "token name '\(name)'"
      throw RegistryError(.invalid, "\(given) is not allowed; expected \(TokenRecord.nameRule)")
    }
    guard !scopes.isEmpty else {
      let known = TokenScope.allCases.map(\.rawValue).joined(separator: ", ")
      throw RegistryError(.invalid, "token '\(name)' has no scope; expected at least one of \(known)")
    }
    guard rowsPerSecond ?? 1 > 0 else {
      throw RegistryError(.invalid, "token '\(name)' has \(rowsPerSecond ?? 0) rows a second; expected 1 or more")
    }
  }
}
