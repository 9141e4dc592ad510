import GRDB

extension ModelRegistry {
  /// What SQLite finds wrong with the file's pages, indexes and references; empty when it is sound.
  ///
  /// Reads everything in one view of the file: with a rollback journal, writers wait until it has ended.
  public func integrityProblems() throws -> [String] {
    try finding { db in
      try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
        + Self.orphans(Row.fetchAll(db, sql: "PRAGMA foreign_key_check"))
    }
  }

  /// As ``integrityProblems()``, of one table and its indexes.
  public func integrityProblems(ofTable table: String) throws -> [String] {
    try finding { db in
      let name = table.quotedDatabaseIdentifier
      return try String.fetchAll(db, sql: "PRAGMA integrity_check(\(name))").filter { $0 != "ok" }
        + Self.orphans(Row.fetchAll(db, sql: "PRAGMA foreign_key_check(\(name))"))
    }
  }

  /// The tables that are small beside the artefacts: checking one of them takes a moment.
  public func smallTables() throws -> [String] {
    try read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'artefact_chunks'
          ORDER BY name
          """)
    }
  }

  /// What is wrong with a model's aliases: each points to a version that is there, and to the one that the last line of
  /// its history names.
  public func aliasProblems(of model: String) throws -> [String] {
    let versions = Set(try self.model(model).versions)
    var now: [String: UInt64] = [:]
    for alias in try aliases(of: model) { now[alias.alias] = alias.version }
    var said: [String: UInt64?] = [:]
    for change in try history(of: model) { said[change.alias] = .some(change.to) }
    let text = { (version: UInt64?) in version.map { "#\($0)" } ?? "nothing" }
    return Set(now.keys).union(said.keys).sorted().flatMap { alias -> [String] in
      var problems: [String] = []
      if let target = now[alias], !versions.contains(target) {
        problems.append("alias '\(alias)' points to #\(target), which is not there")
      }
      let last = said[alias] ?? nil
      if last != now[alias] {
        problems.append("alias '\(alias)' points to \(text(now[alias])); its history says \(text(last))")
      }
      return problems
    }
  }

  /// A file that is too damaged for the question has that as its problem.
  private func finding(_ body: (Database) throws -> [String]) throws -> [String] {
    do {
      return try read(body)
    } catch let error as RegistryError where error.code == .corrupted {
      return [error.message]
    }
  }

  private static func orphans(_ rows: [Row]) -> [String] {
    rows.map { row in
      "a row of '\(row[0] as String? ?? "?")' refers to a row of '\(row[2] as String? ?? "?")' that is not there"
    }
  }
}
