import Foundation
import GRDB
import Synchronization

extension ModelRegistry {
  /// Bytes of one row of an artefact; the last row has the rest.
  public static let chunkBytes = 1 << 20

  /// The largest artefact that is taken, in bytes.
  public static let artefactBytesMax = 1 << 31

  /// A stage untouched for this long is a leftover where its process cannot be asked for.
  static let leftoverMicroseconds: Int64 = 3_600_000_000

  /// Begins to take an artefact in pieces.
  ///
  /// - Parameters:
  ///   - model: checked against `RegistryName`'s rule before anything is sent.
  ///   - bytes: of the whole artefact, 1 to `artefactBytesMax`.
  ///   - sha256: of the whole artefact.
  public func begin(model: String, bytes: Int, sha256: ContentHash) throws -> ArtefactStage {
    try RegistryName.require(model, "model")
    guard (1...Self.artefactBytesMax).contains(bytes) else {
      throw RegistryError(
        .invalid, "an artefact of \(bytes) bytes was announced, expected 1 to \(Self.artefactBytesMax)")
    }
    guard mode != .readOnly else {
      throw RegistryError(.readOnly, "\(path): the registry was opened to be read only")
    }
    let dropped = abandoned.withLock { list in
      defer { list = [] }
      return list
    }
    do {
      if !dropped.isEmpty { try removeStaged(dropped) }
    } catch {
      // As on a full disk: the next stage tries again.
      abandoned.withLock { $0 += dropped }
      throw error
    }
    return ArtefactStage(registry: self, bytes: bytes, sha256: sha256)
  }

  func writeStaged(_ chunk: [UInt8], position: Int64, of artefact: Int64?, sha256: ContentHash, bytes: Int) throws
    -> Int64
  {
    try write { db in
      let id = try artefact ?? Self.insertStaged(db, sha256: sha256, bytes: bytes, now: clock())
      try Self.insertChunk(db, artefact: id, position: position, chunk)
      try db.execute(sql: "UPDATE artefacts SET touched_us = ? WHERE id = ?", arguments: [clock(), id])
      return id
    }
  }

  static func insertStaged(_ db: Database, sha256: ContentHash, bytes: Int, now: Int64) throws -> Int64 {
    try db.execute(
      sql: "INSERT INTO artefacts (sha256, bytes, promoted, owner, touched_us) VALUES (?, ?, 0, ?, ?)",
      arguments: [sha256.data, bytes, StageOwner.current.text, now])
    return db.lastInsertedRowID
  }

  static func insertChunk(_ db: Database, artefact: Int64, position: Int64, _ chunk: [UInt8]) throws {
    try db.cachedStatement(sql: "INSERT INTO artefact_chunks (artefact, position, data) VALUES (?, ?, ?)")
      .execute(arguments: [artefact, position, Data(chunk)])
  }

  func removeStaged(_ artefacts: [Int64]) throws {
    try write { db in
      for id in artefacts {
        try db.execute(sql: "DELETE FROM artefacts WHERE id = ? AND promoted = 0", arguments: [id])
      }
    }
  }

  /// Removes the stages of processes that have gone.
  func removeLeftovers() throws {
    let now = clock()
    let leftovers = try read { db in
      try Row.fetchAll(db, sql: "SELECT id, owner, touched_us FROM artefacts WHERE promoted = 0").filter { row in
        let owner = StageOwner(text: try row.value("owner"))
        let touched: Int64 = try row.value("touched_us")
        return !(owner?.isAlive ?? (now - touched < Self.leftoverMicroseconds))
      }.map { try $0.value("id") as Int64 }
    }
    if !leftovers.isEmpty { try removeStaged(leftovers) }
  }
}
