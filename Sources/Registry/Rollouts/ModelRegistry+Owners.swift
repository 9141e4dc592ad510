import GRDB

extension ModelRegistry {
  /// Takes, or goes on with, the ownership of `name`.
  ///
  /// - Parameters:
  ///   - name: such as `Ownership.rollouts`.
  ///   - owner: names the owner to people and to the next call. No two processes have the same.
  ///   - microseconds: from now until it expires, unless it is renewed by the same call.
  /// - Returns: nil while another's has not expired.
  /// - Throws: `invalid` for an owner without a name, or a time that is not positive.
  public func takeOwnership(of name: String, owner: String, for microseconds: Int64) throws -> Ownership? {
    guard !name.isEmpty, !owner.isEmpty, microseconds > 0 else {
      throw RegistryError(
        .invalid,
        "ownership of '\(name)' for \(microseconds) microseconds was asked for '\(owner)'; "
          + "expected names and a positive time")
    }
    return try write { db in
      // Read within the transaction: waiting for its lock may have taken seconds.
      let now = clock()
      let current = try Self.owner(db, of: name)
      if let current, current.owner != owner, current.expiresMicroseconds > now { return nil }
      let isNew = current?.owner != owner
      let ownership = Ownership(
        name: name, owner: owner, fence: (current?.fence ?? 0) + (isNew ? 1 : 0),
        expiresMicroseconds: now + microseconds)
      try db.execute(
        sql: """
          INSERT INTO owners (name, owner, fence, expires_us) VALUES (?, ?, ?, ?)
          ON CONFLICT (name) DO UPDATE
          SET owner = excluded.owner, fence = excluded.fence, expires_us = excluded.expires_us
          """, arguments: [name, owner, ownership.fence, ownership.expiresMicroseconds])
      return ownership
    }
  }

  /// Lets the next owner in at once. Does nothing where there is a newer owner already.
  public func releaseOwnership(_ ownership: Ownership) throws {
    try write { db in
      try db.execute(
        sql: "UPDATE owners SET expires_us = min(expires_us, ?) WHERE name = ? AND owner = ? AND fence = ?",
        arguments: [clock(), ownership.name, ownership.owner, ownership.fence])
    }
  }

  /// The last owner, whose time may have expired; nil where there never was one.
  public func owner(of name: String) throws -> Ownership? {
    try read { db in try Self.owner(db, of: name) }
  }

  // MARK: Rows

  /// Refuses what the owner of the rollouts decided where another has taken them since. (An owner whose time has
  /// expired, and which nobody has followed, may finish what it does.)
  static func require(_ db: Database, fence: Int64?) throws {
    guard let fence else { return }
    let current = try owner(db, of: Ownership.rollouts)
    guard current?.fence != fence else { return }
    throw RegistryError(
      .conflict,
      current.map {
        "the registry's rollouts are controlled by '\($0.owner)' now (fence \($0.fence)); "
          + "this change has fence \(fence)"
      } ?? "nobody has taken control of the registry's rollouts; this change has fence \(fence)")
  }

  private static func owner(_ db: Database, of name: String) throws -> Ownership? {
    let row = try Row.fetchOne(db, sql: "SELECT owner, fence, expires_us FROM owners WHERE name = ?", arguments: [name])
    return try row.map { row in
      Ownership(
        name: name, owner: try row.value("owner"), fence: try row.value("fence"),
        expiresMicroseconds: try row.value("expires_us"))
    }
  }
}
