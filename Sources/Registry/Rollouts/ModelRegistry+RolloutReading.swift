import GRDB

extension ModelRegistry {
  /// The rollouts of a model, or of all where it is nil, the newest first.
  public func rollouts(of model: String? = nil) throws -> [RolloutRecord] {
    try read { db in
      let id: Int64? = try model.map { try requireModel(db, $0).value("id") }
      return try Self.fetchRollouts(
        db, where: "? IS NULL OR rollouts.model = ? ORDER BY number DESC", arguments: [id, id]
      ).map(\.record)
    }
  }

  /// At most one a model, by the model's name.
  public func activeRollouts() throws -> [RolloutRecord] {
    try read { db in
      try Self.fetchRollouts(db, where: "ended_us IS NULL ORDER BY models.name", arguments: []).map(\.record)
    }
  }

  /// - Throws: `notFound`.
  public func rollout(_ id: String) throws -> RolloutRecord {
    try read { db in try requireRollout(db, id).record }
  }

  /// The history of one rollout, oldest first.
  public func rolloutEvents(of id: String) throws -> [RolloutEvent] {
    try read { db in
      _ = try requireRollout(db, id)
      return try Self.fetchEvents(db, where: "rollouts.id = ?", arguments: [id])
    }
  }

  /// The history of a model's rollouts, oldest first: what came after the event with this id.
  public func events(of model: String, after id: Int64 = 0) throws -> [RolloutEvent] {
    try read { db in
      let modelID: Int64 = try requireModel(db, model).value("id")
      return try Self.fetchEvents(
        db, where: "rollouts.model = ? AND rollout_events.id > ?", arguments: [modelID, id])
    }
  }

  // MARK: Rows

  func requireRollout(_ db: Database, _ id: String) throws -> (record: RolloutRecord, modelID: Int64) {
    guard let found = try Self.fetchRollouts(db, where: "rollouts.id = ?", arguments: [id]).first else {
      throw RegistryError(.notFound, "\(path): there is no rollout '\(id.prefix(64))'")
    }
    return found
  }

  static func activeRollout(_ db: Database, model: Int64) throws -> RolloutRecord? {
    try fetchRollouts(db, where: "rollouts.model = ? AND ended_us IS NULL", arguments: [model]).first?.record
  }

  static func newestRollout(_ db: Database, model: Int64) throws -> RolloutRecord? {
    try fetchRollouts(db, where: "rollouts.model = ? ORDER BY number DESC LIMIT 1", arguments: [model]).first?.record
  }

  private static func fetchRollouts(_ db: Database, where condition: String, arguments: StatementArguments) throws
    -> [(record: RolloutRecord, modelID: Int64)]
  {
    try Row.fetchAll(
      db,
      sql: """
        SELECT rollouts.*, models.name FROM rollouts JOIN models ON models.id = rollouts.model WHERE \(condition)
        """, arguments: arguments
    ).map { (try rolloutRecord($0), try $0.value("model")) }
  }

  private static func rolloutRecord(_ row: Row) throws -> RolloutRecord {
    let id: String = try row.value("id")
    guard let state = RolloutState(rawValue: try row.value("state")) else {
      throw RegistryError(.corrupted, "rollout \(id) has an unknown state")
    }
    return RolloutRecord(
      id: id, model: try row.value("name"), candidate: try row.number("candidate") ?? 0,
      baseline: try row.number("baseline") ?? 0, plan: try row.value("plan"), state: state, step: try row.value("step"),
      weightPercent: try row.value("weight_percent"), stepStartedMicroseconds: try row.value("step_started_us"),
      revision: try row.value("revision"), evidence: try row.value("evidence"), reason: try row.value("reason"),
      who: try row.value("who"), createdMicroseconds: try row.value("created_us"),
      endedMicroseconds: try row.value("ended_us"))
  }

  private static func fetchEvents(_ db: Database, where condition: String, arguments: StatementArguments) throws
    -> [RolloutEvent]
  {
    try Row.fetchAll(
      db,
      sql: """
        SELECT rollout_events.*, rollouts.id AS rollout_id
        FROM rollout_events JOIN rollouts ON rollouts.number = rollout_events.rollout
        WHERE \(condition) ORDER BY rollout_events.id
        """, arguments: arguments
    ).map { row in
      let rollout: String = try row.value("rollout_id")
      guard let kind = RolloutEvent.Kind(rawValue: try row.value("kind")) else {
        throw RegistryError(.corrupted, "an event of rollout \(rollout) is of an unknown kind")
      }
      return RolloutEvent(
        id: try row.value("id"), rollout: rollout, kind: kind, step: try row.value("step"),
        weightPercent: try row.value("weight_percent"), who: try row.value("who"),
        whenMicroseconds: try row.value("when_us"), reason: try row.value("reason"))
    }
  }

  static func insert(_ db: Database, _ record: RolloutRecord, modelID: Int64) throws {
    try db.execute(
      sql: """
        INSERT INTO rollouts (id, model, candidate, baseline, plan, state, step, weight_percent, step_started_us,
          revision, evidence, reason, who, created_us, ended_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        record.id, modelID, Int64(record.candidate), Int64(record.baseline), record.plan, record.state.rawValue,
        record.step, record.weightPercent, record.stepStartedMicroseconds, record.revision, record.evidence,
        record.reason, record.who, record.createdMicroseconds, record.endedMicroseconds,
      ])
  }

  static func update(_ db: Database, _ record: RolloutRecord) throws {
    try db.execute(
      sql: """
        UPDATE rollouts SET state = ?, step = ?, weight_percent = ?, step_started_us = ?, revision = ?, evidence = ?,
          reason = ?, ended_us = ?
        WHERE id = ?
        """,
      arguments: [
        record.state.rawValue, record.step, record.weightPercent, record.stepStartedMicroseconds, record.revision,
        record.evidence, record.reason, record.endedMicroseconds, record.id,
      ])
  }

  /// The event that led to the record as it is.
  static func insertEvent(
    _ db: Database, _ kind: RolloutEvent.Kind, of record: RolloutRecord, who: String, now: Int64
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO rollout_events (rollout, kind, step, weight_percent, who, when_us, reason)
        VALUES ((SELECT number FROM rollouts WHERE id = ?), ?, ?, ?, ?, ?, ?)
        """,
      arguments: [record.id, kind.rawValue, record.step, record.weightPercent, who, now, record.reason])
  }
}
