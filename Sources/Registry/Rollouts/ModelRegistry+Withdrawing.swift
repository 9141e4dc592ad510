import GRDB

extension ModelRegistry {
  /// The versions that a rollout, or an operator, went back from. Nobody should go on with them, not even under a
  /// lease. A version is withdrawn until an alias moves to it or a rollout of it starts.
  public func withdrawnVersions(of model: String) throws -> Set<UInt64> {
    try read { db in try Self.withdrawn(db, model: requireModel(db, model).value("id")) }
  }

  // MARK: Rows

  /// What aliases and active rollouts point to.
  static func pointedTo(_ db: Database, model: Int64) throws -> Set<UInt64> {
    let aliases = try fetchAliases(db, model: model).map(\.version)
    let rollout = try activeRollout(db, model: model)
    return Set(aliases + (rollout.map { [$0.candidate, $0.baseline] } ?? []))
  }

  static func withdrawn(_ db: Database, model: Int64) throws -> Set<UInt64> {
    let numbers = try Int64.fetchAll(
      db, sql: "SELECT version FROM withdrawn_versions WHERE model = ?", arguments: [model])
    return Set(numbers.map { UInt64(clamping: $0) })
  }

  static func withdraw(_ db: Database, _ version: UInt64, model: Int64, now: Int64) throws {
    try db.execute(
      sql: """
        INSERT INTO withdrawn_versions (model, version, when_us) VALUES (?, ?, ?)
        ON CONFLICT (model, version) DO UPDATE SET when_us = excluded.when_us
        """, arguments: [model, Int64(version), now])
  }

  /// The version is no longer withdrawn.
  static func restore(_ db: Database, _ version: UInt64, model: Int64) throws {
    try db.execute(
      sql: "DELETE FROM withdrawn_versions WHERE model = ? AND version = ?", arguments: [model, Int64(version)])
  }

  /// Where `stable` points; nil: nowhere.
  static func stable(_ db: Database, model: Int64) throws -> UInt64? {
    try Int64.fetchOne(
      db, sql: "SELECT version FROM aliases WHERE model = ? AND alias = ?",
      arguments: [model, VersionSelector.stableAlias]
    ).map { UInt64(clamping: $0) }
  }

  /// - Parameters:
  ///   - refusal: what is said where the version is not there, before what is.
  ///   - none: what is said there of a model without versions.
  static func requireVersion(
    _ db: Database, _ version: UInt64, of model: String, modelID: Int64, refusal: String, none: String = "no versions"
  ) throws {
    let numbers = try Int64.fetchAll(
      db, sql: "SELECT number FROM versions WHERE model = ? ORDER BY number", arguments: [modelID])
    guard let number = Int64(exactly: version), numbers.contains(number) else {
      throw RegistryError(
        .notFound,
        "\(refusal): model '\(model)' has " + Self.listing(numbers.map { "#\($0)" }, none: none))
    }
  }
}
