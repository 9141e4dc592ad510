import GRDB

extension ModelRegistry {
  /// All models, by name.
  public func models() throws -> [ModelRecord] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT id, name, created_us FROM models ORDER BY name").map { row in
        try Self.modelRecord(db, row)
      }
    }
  }

  /// One model.
  public func model(_ name: String) throws -> ModelRecord {
    try read { db in try Self.modelRecord(db, requireModel(db, name)) }
  }

  /// The versions of a model, oldest first.
  public func versions(of model: String) throws -> [VersionRecord] {
    try read { db in
      let id: Int64 = try requireModel(db, model)["id"]
      return try Self.fetchVersions(db, where: "versions.model = ? ORDER BY number", arguments: [id])
    }
  }

  /// The version that a name means now.
  ///
  /// - Throws: `notFound`, saying what there is instead.
  public func resolve(model: String, _ selector: VersionSelector = .stable) throws -> VersionRecord {
    try read { db in
      let modelID: Int64 = try requireModel(db, model)["id"]
      let number: Int64?
      switch selector {
      case .version(let version): number = Int64(exactly: version)
      case .alias(let alias):
        number = try Int64.fetchOne(
          db, sql: "SELECT version FROM aliases WHERE model = ? AND alias = ?", arguments: [modelID, alias])
        if number == nil {
          let names = try String.fetchAll(
            db, sql: "SELECT alias FROM aliases WHERE model = ? ORDER BY alias", arguments: [modelID])
          throw RegistryError(
            .notFound, "model '\(model)' has no alias '\(alias)'; it has \(Self.listing(names, none: "none"))")
        }
      }
      let found = try Self.fetchVersions(
        db, where: "versions.model = ? AND number = ?", arguments: [modelID, number ?? -1])
      guard let version = found.first else {
        let numbers = try Int64.fetchAll(
          db, sql: "SELECT number FROM versions WHERE model = ? ORDER BY number", arguments: [modelID])
        throw RegistryError(
          .notFound,
          "model '\(model)' has no version \(selector); it has \(Self.listing(numbers.map { "#\($0)" }, none: "none"))")
      }
      return version
    }
  }

  /// The row of a model: `id`, `name`, `created_us`.
  func requireModel(_ db: Database, _ name: String) throws -> Row {
    let row = try Row.fetchOne(db, sql: "SELECT id, name, created_us FROM models WHERE name = ?", arguments: [name])
    guard let row else {
      let names = try String.fetchAll(db, sql: "SELECT name FROM models ORDER BY name")
      throw RegistryError(
        .notFound, "\(path): there is no model '\(name)'; there is \(Self.listing(names, none: "none yet"))")
    }
    return row
  }

  static func version(_ db: Database, model: String, number: UInt64) throws -> VersionRecord {
    let found = try fetchVersions(
      db, where: "models.name = ? AND number = ?", arguments: [model, Int64(clamping: number)])
    guard let version = found.first else {
      throw RegistryError(.notFound, "\(model)#\(number) has been removed")
    }
    return version
  }

  private static func modelRecord(_ db: Database, _ row: Row) throws -> ModelRecord {
    let id: Int64 = row["id"]
    let numbers = try Int64.fetchAll(
      db, sql: "SELECT number FROM versions WHERE model = ? ORDER BY number", arguments: [id])
    return ModelRecord(
      name: row["name"], createdMicroseconds: row["created_us"], versions: numbers.map { UInt64($0) },
      aliases: try fetchAliases(db, model: id))
  }

  static func fetchVersions(_ db: Database, where condition: String, arguments: StatementArguments) throws
    -> [VersionRecord]
  {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT versions.id, models.name, number, artefact, sha256, bytes, architecture, fingerprint, run, algorithm,
          seed, environment_steps, who, versions.created_us
        FROM versions JOIN models ON models.id = versions.model JOIN artefacts ON artefacts.id = versions.artefact
        WHERE \(condition)
        """, arguments: arguments)
    return try rows.map { row in
      let id: Int64 = row["id"]
      guard let sha256 = try row.hash("sha256") else { throw RegistryError(.corrupted, "an artefact has no SHA-256") }
      let lineage = Lineage(
        run: row["run"], algorithm: row["algorithm"],
        seed: (row["seed"] as Int64?).map { UInt64(bitPattern: $0) }, environmentSteps: row.number("environment_steps"),
        teachers: try fetchTeachers(db, version: id))
      return VersionRecord(
        model: row["name"], number: UInt64(row["number"] as Int64), sha256: sha256, artefactBytes: row["bytes"],
        architectureJSON: row["architecture"], fingerprint: try row.hash("fingerprint"),
        createdMicroseconds: row["created_us"], who: row["who"], lineage: lineage, id: id, artefactID: row["artefact"])
    }
  }

  private static func fetchTeachers(_ db: Database, version: Int64) throws -> [TeacherUse] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT teacher_model, teacher_version, teacher_sha256, queries FROM teacher_uses
        WHERE version = ? ORDER BY position
        """)
    return try Row.fetchAll(statement, arguments: [version]).map { row in
      TeacherUse(
        model: row["teacher_model"], version: row.number("teacher_version") ?? 0,
        sha256: try row.hash("teacher_sha256"),
        queries: row.number("queries") ?? 0)
    }
  }

  /// "a, b and 3 more", for messages.
  static func listing(_ items: [String], none: String) -> String {
    guard !items.isEmpty else { return none }
    let shown = items.prefix(12).joined(separator: ", ")
    return items.count > 12 ? "\(shown) and \(items.count - 12) more" : shown
  }
}
