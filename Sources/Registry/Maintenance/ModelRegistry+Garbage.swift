import GRDB

/// A version that was removed, or would be.
public struct CollectedVersion: Hashable, Sendable {
  public let model: String
  public let version: UInt64
  /// Of its artefact, where no other version has the same: room in the registry's file for versions to come.
  public let bytesFreed: Int
}

extension ModelRegistry {
  /// Removes the versions that nothing points to: no alias, no active rollout (as candidate or baseline), not the version that a
  /// rollback of `stable` would return to, and not among the newest of their model. Their numbers stay used, and histories and
  /// lineages go on naming them.
  ///
  /// A version a transaction: others get in between, and what they point to meanwhile stays.
  ///
  /// - Parameters:
  ///   - model: nil: all.
  ///   - keep: how many of a model's newest versions stay whatever points to them.
  ///   - dryRun: only says what would be removed.
  /// - Returns: by model, then number.
  /// - Throws: `notFound` for a model that is not there; `invalid` for a negative number.
  @discardableResult
  public func collectGarbage(model: String? = nil, keep: Int, dryRun: Bool = false) throws -> [CollectedVersion] {
    guard keep >= 0 else { throw RegistryError(.invalid, "\(keep) versions are to be kept, expected 0 or more") }
    let names = try model.map { [try self.model($0).name] } ?? models().map(\.name)
    var removed: [CollectedVersion] = []
    // Of an artefact, the versions that would have gone before.
    var gone: [Int64: Int] = [:]
    for name in names {
      for version in try read({ db in try garbage(db, model: name, keep: keep) }) {
        guard dryRun else {
          if let version = try collect(version.number, of: name, keep: keep) { removed.append(version) }
          continue
        }
        gone[version.artefact, default: 0] += 1
        let isLast = gone[version.artefact] == version.users
        removed.append(
          CollectedVersion(model: name, version: version.number, bytesFreed: isLast ? version.bytes : 0))
      }
    }
    return removed
  }

  private func collect(_ number: UInt64, of model: String, keep: Int) throws -> CollectedVersion? {
    try write { db in
      guard let found = try garbage(db, model: model, keep: keep, only: number).first else {
        return nil
      }
      let wasLast = try Self.remove(db, id: found.id, artefact: found.artefact)
      return CollectedVersion(model: model, version: number, bytesFreed: wasLast ? found.bytes : 0)
    }
  }

  private struct Garbage {
    var number: UInt64
    var id: Int64
    var artefact: Int64
    var bytes: Int
    /// Versions that have the artefact, of any model.
    var users: Int
  }

  /// Oldest first.
  ///
  /// - Parameter only: nil: all of it.
  private func garbage(_ db: Database, model: String, keep: Int, only: UInt64? = nil) throws -> [Garbage] {
    let id: Int64 = try requireModel(db, model).value("id")
    let numbers = try Int64.fetchAll(
      db, sql: "SELECT number FROM versions WHERE model = ? ORDER BY number", arguments: [id])
    var kept = Set(numbers.suffix(keep).map { UInt64(clamping: $0) })
    kept.formUnion(try Self.pointedTo(db, model: id))
    kept.formUnion(try Self.previousStable(db, model: id).prefix(1))
    let garbage = numbers.filter { number in
      let number = UInt64(clamping: number)
      return !kept.contains(number) && (only == nil || only == number)
    }
    return try garbage.compactMap { number in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT versions.id, artefact, bytes, (SELECT count(*) FROM versions WHERE artefact = artefacts.id) AS users
          FROM versions JOIN artefacts ON artefacts.id = versions.artefact
          WHERE versions.model = ? AND number = ?
          """, arguments: [id, number])
      return try row.map { row in
        Garbage(
          number: UInt64(clamping: number), id: try row.value("id"), artefact: try row.value("artefact"),
          bytes: try row.value("bytes"), users: try row.value("users"))
      }
    }
  }
}
