import GRDB

extension ModelRegistry {
  /// Begins a run and gives it its identifier, unique among all registries.
  public func beginRun(_ run: NewRun) throws -> RunRecord {
    try RegistryName.require(run.model, "model")
    let now = clock()
    let digits = String(UInt64.random(in: 0 ... .max), radix: 36)
    let id = "run-\(String(now / 1_000_000, radix: 36))-\(digits)"
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO runs (id, model, environment, algorithm, seed, hyper_parameters, started_us, state, note)
          VALUES (?, ?, ?, ?, ?, ?, ?, 'running', '')
          """,
        arguments: [
          id, run.model, run.environment, run.algorithm, Int64(bitPattern: run.seed), run.hyperParametersJSON, now,
        ])
    }
    return try self.run(id)
  }

  /// Adds measurements to a run, in one transaction. A step that was measured before is measured again: a run that is
  /// resumed from a checkpoint repeats some.
  public func record(_ metrics: [Metric], run: String) throws {
    guard !metrics.isEmpty else { return }
    try write { db in
      try requireRun(db, run)
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO metrics (run, name, step, value) VALUES (?, ?, ?, ?)
          ON CONFLICT (run, name, step) DO UPDATE SET value = excluded.value
          """)
      for metric in metrics {
        try statement.execute(arguments: [run, metric.name, metric.step, metric.value])
      }
    }
  }

  /// Ends a run. A run ends once.
  public func finishRun(_ id: String, state: RunRecord.State = .finished, note: String = "") throws {
    let now = clock()
    try write { db in
      try requireRun(db, id)
      try db.execute(
        sql: "UPDATE runs SET state = ?, note = ?, finished_us = ? WHERE id = ? AND finished_us IS NULL",
        arguments: [state.rawValue, note, state == .running ? nil : now, id])
      guard db.changesCount == 1 else {
        throw RegistryError(.conflict, "run '\(id)' has ended already")
      }
    }
  }

  public func run(_ id: String) throws -> RunRecord {
    try read { db in try Self.record(requireRun(db, id)) }
  }

  /// All runs, the newest first.
  public func runs() throws -> [RunRecord] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM runs ORDER BY started_us DESC, id").map { try Self.record($0) }
    }
  }

  /// The measurements of a run by step, then name; of one name where one is given.
  public func metrics(of run: String, named name: String? = nil) throws -> [Metric] {
    try read { db in
      try requireRun(db, run)
      return try Row.fetchAll(
        db,
        sql: "SELECT step, name, value FROM metrics WHERE run = ? AND (? IS NULL OR name = ?) ORDER BY step, name",
        arguments: [run, name, name]
      ).map {
        Metric(step: try $0.value("step"), name: try $0.value("name"), value: try $0.value("value") as Double? ?? .nan)
      }
    }
  }

  @discardableResult
  private func requireRun(_ db: Database, _ id: String) throws -> Row {
    guard let row = try Row.fetchOne(db, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id]) else {
      throw RegistryError(.notFound, "\(path): there is no run '\(id)'")
    }
    return row
  }

  private static func record(_ row: Row) throws -> RunRecord {
    guard let state = RunRecord.State(rawValue: try row.value("state")) else {
      throw RegistryError(.corrupted, "run '\(try row.value("id") as String)' has an unknown state")
    }
    return RunRecord(
      id: try row.value("id"), model: try row.value("model"), environment: try row.value("environment"),
      algorithm: try row.value("algorithm"),
      seed: UInt64(bitPattern: try row.value("seed")), hyperParametersJSON: try row.value("hyper_parameters"),
      startedMicroseconds: try row.value("started_us"), finishedMicroseconds: try row.value("finished_us"),
      state: state, note: try row.value("note"))
  }
}
