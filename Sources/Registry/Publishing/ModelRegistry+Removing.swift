import GRDB

extension ModelRegistry {
  /// Removes a version, and its artefact when no other version has it. Its number stays used.
  ///
  /// - Throws: `conflict` while an alias points to it.
  public func removeVersion(model: String, number: UInt64) throws {
    let version = try resolve(model: model, .version(number))
    try write { db in
      let aliases = try String.fetchAll(
        db,
        sql: """
          SELECT alias FROM aliases JOIN models ON models.id = aliases.model
          WHERE models.name = ? AND version = ? ORDER BY alias
          """, arguments: [model, Int64(number)])
      guard aliases.isEmpty else {
        throw RegistryError(
          .conflict, "\(model)#\(number) is what alias \(Self.listing(aliases, none: "")) points to; move it first")
      }
      try db.execute(sql: "DELETE FROM versions WHERE id = ?", arguments: [version.id])
      try db.execute(
        sql: "DELETE FROM artefacts WHERE id = ? AND NOT EXISTS (SELECT 1 FROM versions WHERE artefact = ?)",
        arguments: [version.artefactID, version.artefactID])
    }
  }
}
