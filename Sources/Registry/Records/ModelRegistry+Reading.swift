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
      let id: Int64 = try requireModel(db, model).value("id")
      return try Self.fetchVersions(db, where: "versions.model = ? ORDER BY number", arguments: [id])
    }
  }

  /// The version that a name means now.
  ///
  /// - Throws: `notFound`, saying what there is instead.
  public func resolve(model: String, _ selector: VersionSelector = .stable) throws -> VersionRecord {
    do {
      return try find(model, selector)
    } catch let error as RegistryError where error.code == .corrupted {
      throw error.about("\(model)\(selector) cannot be read", path: path)
    }
  }

  private func find(_ model: String, _ selector: VersionSelector) throws -> VersionRecord {
    try read { db in
      let modelID: Int64 = try requireModel(db, model).value("id")
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
      guard number == Int64(exactly: version.number), version.model == model else {
        throw RegistryError(.corrupted, "an index leads to \(version.model)#\(version.number)")
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
    let own = try String.fetchOne(
      db, sql: "SELECT name FROM models WHERE id = ?", arguments: [try row.value("id") as Int64])
    guard own == name else {
      throw RegistryError(.corrupted, "\(path): model '\(name)': an index leads to the row of another model")
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
    let id: Int64 = try row.value("id")
    let numbers = try Int64.fetchAll(
      db, sql: "SELECT number FROM versions WHERE model = ? ORDER BY number", arguments: [id])
    return ModelRecord(
      name: try row.value("name"), createdMicroseconds: try row.value("created_us"),
      versions: numbers.map { UInt64(clamping: $0) },
      aliases: try fetchAliases(db, model: id))
  }

  private static func fetchVersions(_ db: Database, where condition: String, arguments: StatementArguments) throws
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
      do {
        return try versionRecord(db, row)
      } catch let error where error is RowDecodingError || error is RegistryError {
        let name = "\((try? row.value("name") as String) ?? "?")#\((try? row.number("number") ?? 0) ?? 0)"
        throw RegistryError(.corrupted, "the record of \(name) is damaged: \(error)", cause: error)
      }
    }
  }

  private static func versionRecord(_ db: Database, _ row: Row) throws -> VersionRecord {
    let id: Int64 = try row.value("id")
    try requireOwnRow(db, row, version: id)
    guard let sha256 = try row.hash("sha256") else { throw RegistryError(.corrupted, "an artefact has no SHA-256") }
    let bytes: Int = try row.value("bytes")
    guard (1...artefactBytesMax).contains(bytes) else {
      throw RegistryError(.corrupted, "an artefact of \(bytes) bytes, expected 1 to \(artefactBytesMax)")
    }
    let lineage = Lineage(
      run: try row.value("run"), algorithm: try row.value("algorithm"),
      seed: (try row.value("seed") as Int64?).map { UInt64(bitPattern: $0) },
      environmentSteps: try row.number("environment_steps"), teachers: try fetchTeachers(db, version: id))
    return VersionRecord(
      model: try row.value("name"), number: try row.number("number") ?? 0, sha256: sha256, artefactBytes: bytes,
      architectureJSON: try row.value("architecture"), fingerprint: try row.hash("fingerprint"),
      createdMicroseconds: try row.value("created_us"), who: try row.value("who"), lineage: lineage, id: id,
      artefactID: try row.value("artefact"))
  }

  /// A query that goes by an index gets the index's word for a version's model and number: the row itself must say the
  /// same, or a damaged index would lead to another version.
  private static func requireOwnRow(_ db: Database, _ row: Row, version id: Int64) throws {
    let own = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT number, (SELECT name FROM models WHERE models.id = versions.model) AS name FROM versions WHERE id = ?
          """), arguments: [id])
    let same = try own.map { own in
      try own.number("number") == row.number("number") && own.value("name") as String? == row.value("name")
    }
    guard same == true else { throw RegistryError(.corrupted, "an index leads to the row of another version") }
  }

  private static func fetchTeachers(_ db: Database, version: Int64) throws -> [TeacherUse] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT teacher_model, teacher_version, teacher_sha256, queries FROM teacher_uses
        WHERE version = ? ORDER BY position
        """)
    return try Row.fetchAll(statement, arguments: [version]).map { row in
      TeacherUse(
        model: try row.value("teacher_model"), version: try row.number("teacher_version") ?? 0,
        sha256: try row.hash("teacher_sha256"), queries: try row.number("queries") ?? 0)
    }
  }

  /// "a, b and 3 more", for messages.
  static func listing(_ items: [String], none: String) -> String {
    guard !items.isEmpty else { return none }
    let shown = items.prefix(12).joined(separator: ", ")
    return items.count > 12 ? "\(shown) and \(items.count - 12) more" : shown
  }
}
