import Crypto
import Foundation
import GRDB

/// What is stored under a hash, and whether it still is what was stored.
struct StoredArtefact {
  var id: Int64
  var isIntact: Bool
}

extension ModelRegistry {
  /// The bytes of a version's artefact, checked against its SHA-256. Read piece by piece: a writer waits for one at most.
  ///
  /// - Throws: `corrupted`, with the version named, when they are not what was published; `notFound` when it has been
  ///   removed.
  public func artefact(of version: VersionRecord) throws -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(version.artefactBytes)
    while content.count < version.artefactBytes {
      content += try artefactBytes(of: version, from: content.count)
    }
    try require(ContentHash(of: content), bytes: content.count, of: version)
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
    try require(ContentHash(hasher.finalize()), bytes: offset, of: version)
  }

  private func require(_ actual: ContentHash, bytes: Int, of version: VersionRecord) throws {
    guard bytes == version.artefactBytes, actual == version.sha256 else {
      throw RegistryError(
        .corrupted,
        "\(path): the artefact of \(version.model)#\(version.number) is corrupted: its \(bytes) bytes have SHA-256 "
          + "\(actual); expected \(version.artefactBytes) bytes with \(version.sha256)")
    }
  }

  /// The artefact's bytes from `offset` to the end of the piece that holds it: at least one, and not checked.
  ///
  /// - Throws: `corrupted` where there is no such piece; `notFound` when the version has been removed.
  public func artefactBytes(of version: VersionRecord, from offset: Int) throws -> [UInt8] {
    let (position, skipped) = offset.quotientAndRemainder(dividingBy: Self.chunkBytes)
    return try naming(version, "artefact") { db in
      let piece = try Data.fetchOne(
        db, sql: "SELECT data FROM artefact_chunks WHERE artefact = ? AND position = ?",
        arguments: [version.artefactID, Int64(position)])
      guard let piece, piece.count > skipped else {
        _ = try Self.version(db, model: version.model, number: version.number)
        throw RegistryError(
          .corrupted,
          "nothing is stored at byte \(offset) of the \(version.artefactBytes) with SHA-256 \(version.sha256)")
      }
      return [UInt8](piece.dropFirst(skipped))
    }
  }

  /// The golden rows of a version; nil where none were published.
  public func golden(of version: VersionRecord) throws -> GoldenBytes? {
    try naming(version, "golden rows") { db in
      guard
        let row = try Row.fetchOne(
          db,
          sql: "SELECT golden_rows, golden_observations, golden_outputs, golden_values FROM versions WHERE id = ?",
          arguments: [version.id])
      else {
        throw RegistryError(.notFound, "\(path): \(version.model)#\(version.number) has been removed")
      }
      guard let rows = try row.value("golden_rows") as Int? else { return nil }
      return GoldenBytes(
        rows: rows, observations: [UInt8](try row.value("golden_observations") as Data),
        outputs: [UInt8](try row.value("golden_outputs") as Data),
        values: [UInt8](try row.value("golden_values") as Data))
    }
  }

  /// Reads something of a version, and names the version where that is corrupted.
  private func naming<Result>(_ version: VersionRecord, _ what: String, _ body: (Database) throws -> Result) throws
    -> Result
  {
    do {
      return try read(body)
    } catch let error as RegistryError where error.code == .corrupted {
      throw error.about("\(version.model)#\(version.number): the \(what) cannot be read", path: path)
    }
  }

  func storedArtefact(of sha256: ContentHash) throws -> StoredArtefact? {
    let stored = try read { db -> (id: Int64, content: [UInt8])? in
      guard
        let row = try Row.fetchOne(
          db, sql: "SELECT id FROM artefacts WHERE sha256 = ? AND promoted = 1", arguments: [sha256.data])
      else { return nil }
      let id = try row.value("id") as Int64
      return (id, try Self.content(db, artefact: id))
    }
    return stored.map { StoredArtefact(id: $0.id, isIntact: ContentHash(of: $0.content) == sha256) }
  }

  /// The chunks in their order; one copy from SQLite's pages into the result.
  private static func content(_ db: Database, artefact: Int64) throws -> [UInt8] {
    var content: [UInt8] = []
    let chunks = try Row.fetchCursor(
      db, sql: "SELECT data FROM artefact_chunks WHERE artefact = ? ORDER BY position", arguments: [artefact])
    while let row = try chunks.next() {
      try row.withUnsafeData(atIndex: 0) { data in content.append(contentsOf: data ?? Data()) }
    }
    return content
  }
}
