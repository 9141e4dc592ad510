import GRDB

/// What decides, beside its aliases, who answers for a model.
public struct StandingRecord: Hashable, Sendable {
  /// The newest rollout. Only that one may be active.
  public let newest: RolloutRecord?
  /// As ``ModelRegistry/withdrawnVersions(of:)``.
  public let withdrawn: Set<UInt64>
  /// When versions that nothing points to were pointed to last: microseconds of the last move of an alias away from
  /// them, or of the end of the last rollout from or to them, whichever is later.
  ///
  /// A version that an alias or an active rollout (as candidate or baseline) points to is not among them, nor is one
  /// that nothing ever pointed to.
  public let lastPointedAt: [UInt64: Int64]
  /// The versions that `stable` had before, the latest first, each once: of those that are there and not withdrawn,
  /// other than where it is. A rollback returns to the first.
  public let previousStable: [UInt64]
}

extension ModelRegistry {
  /// How all models stand at one moment, by their names.
  public func standing() throws -> [String: StandingRecord] {
    try read { db in
      let rows = try Row.fetchAll(db, sql: "SELECT id, name FROM models")
      return try Dictionary(
        uniqueKeysWithValues: rows.map { row in (try row.value("name"), try Self.standing(db, model: row.value("id"))) }
      )
    }
  }

  private static func standing(_ db: Database, model: Int64) throws -> StandingRecord {
    StandingRecord(
      newest: try newestRollout(db, model: model), withdrawn: try withdrawn(db, model: model),
      lastPointedAt: try lastPointedAt(db, model: model), previousStable: try previousStable(db, model: model))
  }

  private static func lastPointedAt(_ db: Database, model: Int64) throws -> [UInt64: Int64] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        WITH pointed (version, until_us) AS (
          SELECT from_version, when_us FROM alias_changes WHERE model = :model AND from_version IS NOT NULL
          UNION ALL SELECT candidate, ended_us FROM rollouts WHERE model = :model AND ended_us IS NOT NULL
          UNION ALL SELECT baseline, ended_us FROM rollouts WHERE model = :model AND ended_us IS NOT NULL)
        SELECT version, max(until_us) AS until_us FROM pointed
        WHERE version IN (SELECT number FROM versions WHERE model = :model)
        GROUP BY version
        """, arguments: ["model": model])
    let now = try pointedTo(db, model: model)
    var last: [UInt64: Int64] = [:]
    for row in rows {
      guard let version = try row.number("version"), !now.contains(version) else { continue }
      last[version] = try row.value("until_us")
    }
    return last
  }
}
