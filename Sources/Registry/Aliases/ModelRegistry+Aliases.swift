import GRDB

extension ModelRegistry {
  /// Where the aliases of a model point, by name.
  public func aliases(of model: String) throws -> [AliasRecord] {
    try read { db in try Self.fetchAliases(db, model: requireModel(db, model).value("id")) }
  }

  /// Every change of a model's aliases, oldest first.
  public func history(of model: String) throws -> [AliasChange] {
    try read { db in
      let id: Int64 = try requireModel(db, model).value("id")
      return try Row.fetchAll(
        db,
        sql: """
          SELECT alias, from_version, to_version, who, when_us, why FROM alias_changes WHERE model = ? ORDER BY id
          """, arguments: [id]
      ).map { row in
        AliasChange(
          alias: try row.value("alias"), from: try row.number("from_version"), to: try row.number("to_version"),
          who: try row.value("who"), whenMicroseconds: try row.value("when_us"), why: try row.value("why"))
      }
    }
  }

  /// Points an alias at a version, or removes it, and writes the history's next line in the same transaction. A version
  /// that was withdrawn no longer is.
  ///
  /// While a rollout of the model is active, `stable` moves by the rollout alone.
  ///
  /// - Parameters:
  ///   - to: nil removes the alias.
  ///   - requestID: the same id again does nothing and answers the same.
  /// - Returns: where the alias pointed before (nil: nowhere) and where it points now (nil: nowhere).
  /// - Throws: `notFound` for an unknown model or version, or the removal of an alias that is not there; `conflict` for
  ///   `stable` during a rollout, and for a request id that was used for something else.
  @discardableResult
  public func moveAlias(
    model: String, alias: String, to version: UInt64?, who: String, why: String, requestID: String? = nil
  ) throws -> (from: UInt64?, to: UInt64?) {
    try RegistryName.require(alias, "alias")
    let now = clock()
    let asked = Request.alias(model: model, alias: alias, to: version)
    return try write { db in
      if let requestID, let request = try Request.fetch(db, id: requestID) {
        try request.require(asked, id: requestID)
        return (request.from == 0 ? nil : request.from, request.to == 0 ? nil : request.to)
      }
      let modelID: Int64 = try requireModel(db, model).value("id")
      let from = try Int64.fetchOne(
        db, sql: "SELECT version FROM aliases WHERE model = ? AND alias = ?", arguments: [modelID, alias]
      ).map { UInt64(clamping: $0) }
      try require(db, version, from: from, alias: alias, of: model, modelID: modelID)
      if alias == VersionSelector.stableAlias {
        try Self.requireNoActiveRollout(db, movingStableOf: model, id: modelID)
      }
      let move = AliasMove(alias: alias, from: from, to: version, who: who, why: why)
      try Self.apply(db, move, model: modelID, now: now)
      if let requestID { try Request.insert(db, id: requestID, asked, from: from, to: version, now: now) }
      return (from, version)
    }
  }

  private func require(
    _ db: Database, _ version: UInt64?, from: UInt64?, alias: String, of model: String, modelID: Int64
  ) throws {
    guard let version else {
      guard from != nil else {
        throw RegistryError(.notFound, "model '\(model)' has no alias '\(alias)' to remove")
      }
      return
    }
    try Self.requireVersion(
      db, version, of: model, modelID: modelID, refusal: "alias '\(alias)' cannot move to version \(version)",
      none: "none")
  }

  static func apply(_ db: Database, _ move: AliasMove, model: Int64, now: Int64) throws {
    if let to = move.to {
      try db.execute(
        sql: """
          INSERT INTO aliases (model, alias, version) VALUES (?, ?, ?)
          ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version
          """, arguments: [model, move.alias, Int64(to)])
      try restore(db, to, model: model)
    } else {
      try db.execute(sql: "DELETE FROM aliases WHERE model = ? AND alias = ?", arguments: [model, move.alias])
    }
    try db.execute(
      sql: """
        INSERT INTO alias_changes (model, alias, from_version, to_version, who, when_us, why)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        model, move.alias, move.from.map { Int64($0) }, move.to.map { Int64($0) }, move.who, now, move.why,
      ])
  }

  static func fetchAliases(_ db: Database, model: Int64) throws -> [AliasRecord] {
    try Row.fetchAll(db, sql: "SELECT alias, version FROM aliases WHERE model = ? ORDER BY alias", arguments: [model])
      .map { AliasRecord(alias: try $0.value("alias"), version: try $0.number("version") ?? 0) }
  }
}

/// One change of one alias.
struct AliasMove {
  var alias: String
  var from: UInt64?
  var to: UInt64?
  var who: String
  var why: String
}
