import Crypto
import Foundation
import GRDB

/// What is stored under a hash, and whether it still is what was stored.
struct StoredArtefact {
  var id: Int64
  var isIntact: Bool
}

extension ModelRegistry {
  /// The bytes of a version's artefact, checked against its SHA-256.
  ///
  /// - Throws: `corrupted`, with the version named, when they are not what was published.
  public func artefact(of version: VersionRecord) throws -> [UInt8] {
    let content = try read { db in
      try Self.content(db, artefact: version.artefactID, bytes: version.artefactBytes)
    }
    let actual = ContentHash(of: content)
    guard content.count == version.artefactBytes, actual == version.sha256 else {
      throw RegistryError(
        .corrupted,
        "\(path): the artefact of \(version.model)#\(version.number) is corrupted: its \(content.count) bytes have "
          + "SHA-256 \(actual); expected \(version.artefactBytes) bytes with \(version.sha256)")
    }
    return content
  }

  /// Checks the artefact's size and SHA-256 piece by piece, in the memory of one piece.
  ///
  /// - Throws: `corrupted`, as ``artefact(of:)``.
  public func checkArtefact(of version: VersionRecord) throws {
    var hasher = SHA256()
    var offset = 0
    while offset < version.artefactBytes {
      let piece = try artefactBytes(of: version, from: offset)
      hasher.update(data: piece)
      offset += piece.count
    }
    let actual = ContentHash(hasher.finalize())
    guard offset == version.artefactBytes, actual == version.sha256 else {
      throw RegistryError(
        .corrupted,
        "\(path): the artefact of \(version.model)#\(version.number) is corrupted: its \(offset) bytes have SHA-256 "
          + "\(actual); expected \(version.artefactBytes) bytes with \(version.sha256)")
    }
  }

  /// The artefact's bytes from `offset` to the end of the piece that holds it: at least one, and not checked.
  ///
  /// - Throws: `corrupted` where there is no such piece.
  public func artefactBytes(of version: VersionRecord, from offset: Int) throws -> [UInt8] {
    let (position, skipped) = offset.quotientAndRemainder(dividingBy: Self.chunkBytes)
    let piece = try read { db in
      try Data.fetchOne(
        db, sql: "SELECT data FROM artefact_chunks WHERE artefact = ? AND position = ?",
        arguments: [version.artefactID, Int64(position)])
    }
    guard let piece, piece.count > skipped else {
      throw RegistryError(
        .corrupted,
        "\(path): the artefact of \(version.model)#\(version.number) is corrupted: nothing is stored at byte \(offset) "
          + "of \(version.artefactBytes)")
    }
    return [UInt8](piece.dropFirst(skipped))
  }

  /// The golden rows of a version; nil where none were published.
  public func golden(of version: VersionRecord) throws -> GoldenBytes? {
    try read { db in
      guard
        let row = try Row.fetchOne(
          db,
          sql: "SELECT golden_rows, golden_observations, golden_outputs, golden_values FROM versions WHERE id = ?",
          arguments: [version.id])
      else {
        throw RegistryError(.notFound, "\(path): \(version.model)#\(version.number) has been removed")
      }
      guard let rows = row["golden_rows"] as Int? else { return nil }
      return GoldenBytes(
        rows: rows, observations: [UInt8](row["golden_observations"] as Data),
        outputs: [UInt8](row["golden_outputs"] as Data), values: [UInt8](row["golden_values"] as Data))
    }
  }

  /// What SQLite finds wrong with the file's pages, indexes and references; empty when it is sound. Reads everything.
  public func integrityProblems() throws -> [String] {
    try read { db in
      let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
      let orphans = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { row in
        "a row of '\(row[0] as String? ?? "?")' refers to a row of '\(row[2] as String? ?? "?")' that is not there"
      }
      return problems + orphans
    }
  }

  func storedArtefact(of sha256: ContentHash) throws -> StoredArtefact? {
    let stored = try read { db -> (id: Int64, content: [UInt8])? in
      guard
        let row = try Row.fetchOne(
          db, sql: "SELECT id, bytes FROM artefacts WHERE sha256 = ? AND promoted = 1", arguments: [sha256.data])
      else { return nil }
      return try (row["id"], Self.content(db, artefact: row["id"], bytes: row["bytes"]))
    }
    return stored.map { StoredArtefact(id: $0.id, isIntact: ContentHash(of: $0.content) == sha256) }
  }

  /// The chunks in their order; one copy from SQLite's pages into the result.
  private static func content(_ db: Database, artefact: Int64, bytes: Int) throws -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(bytes)
    let chunks = try Row.fetchCursor(
      db, sql: "SELECT data FROM artefact_chunks WHERE artefact = ? ORDER BY position", arguments: [artefact])
    while let row = try chunks.next() {
      try row.withUnsafeData(atIndex: 0) { data in content.append(contentsOf: data ?? Data()) }
    }
    return content
  }
}
