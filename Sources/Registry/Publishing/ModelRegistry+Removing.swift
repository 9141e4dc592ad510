import GRDB

extension ModelRegistry {
  /// Removes a version, and its artefact when no other version has it. Its number stays used.
  ///
  /// - Throws: `conflict` while an alias or an active rollout points to it.
  public func removeVersion(model: String, number: UInt64) throws {
    let version = try resolve(model: model, .version(number))
    try write { db in
      let modelID: Int64 = try requireModel(db, model).value("id")
      let aliases = try Self.fetchAliases(db, model: modelID).filter { $0.version == number }.map(\.alias)
      guard aliases.isEmpty else {
        throw RegistryError(
          .conflict, "\(model)#\(number) is what alias \(Self.listing(aliases, none: "")) points to; move it first")
      }
      if let rollout = try Self.activeRollout(db, model: modelID),
        [rollout.candidate, rollout.baseline].contains(number)
      {
        let role = rollout.candidate == number ? "candidate" : "baseline"
        throw RegistryError(
          .conflict,
          "\(model)#\(number) is the \(role) of rollout \(rollout.id), which is \(rollout.state.rawValue); end it first"
        )
      }
      try Self.remove(db, id: version.id, artefact: version.artefactID)
    }
  }

  /// - Returns: whether no other version had the artefact, which is removed then.
  @discardableResult
  static func remove(_ db: Database, id: Int64, artefact: Int64) throws -> Bool {
    try db.execute(sql: "DELETE FROM versions WHERE id = ?", arguments: [id])
    try db.execute(
      sql: "DELETE FROM artefacts WHERE id = ? AND NOT EXISTS (SELECT 1 FROM versions WHERE artefact = ?)",
      arguments: [artefact, artefact])
    return db.changesCount == 1
  }
}
