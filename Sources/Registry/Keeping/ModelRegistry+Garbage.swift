import GRDB

/// What a collection of garbage removed.
public struct GarbageRecord: Hashable, Sendable {
  /// Ascending.
  public let removed: [UInt64]
  /// Of the artefacts that no version has any more. The registry's file stays as large as it is, and has that much room
  /// for what is published next.
  public let bytesFreed: Int
}

extension ModelRegistry {
  /// Removes the versions of a model that nothing points to, in one transaction.
  ///
  /// Kept are the newest `count` versions, what aliases and the active rollout (as candidate and baseline) point to,
  /// and the version that `rollBack` would go to. Numbers stay used, and histories and lineages go on naming what was
  /// removed.
  ///
  /// - Throws: `notFound` for an unknown model, `invalid` for a negative count.
  public func collectGarbage(model: String, keep count: Int) throws -> GarbageRecord {
    guard count >= 0 else {
      throw RegistryError(.invalid, "\(count) versions of '\(model)' were to be kept, expected 0 or more")
    }
    return try write { db in
      let id: Int64 = try requireModel(db, model)["id"]
      let versions = try Self.fetchVersions(db, where: "versions.model = ? ORDER BY number", arguments: [id])
      var kept = try Self.pointedTo(db, model: id).union(versions.suffix(count).map(\.number))
      if let previous = try Self.previousStable(db, model: id) { kept.insert(previous) }
      let garbage = versions.filter { !kept.contains($0.number) }
      let bytes = try garbage.map { try Self.remove(db, $0) }.reduce(0, +)
      return GarbageRecord(removed: garbage.map(\.number), bytesFreed: bytes)
    }
  }
}
