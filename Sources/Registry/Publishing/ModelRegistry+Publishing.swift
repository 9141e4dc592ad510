import Foundation
import GRDB

extension ModelRegistry {
  /// Publishes an artefact that is in memory. On return the version is durable and visible.
  ///
  /// The first version of a model makes the model, and its alias `stable`; no later one moves an alias.
  ///
  /// - Parameter who: who publishes, for the records.
  public func publish(_ version: NewVersion, artefact: [UInt8], who: String) throws -> VersionRecord {
    let stage = try begin(model: version.model, bytes: artefact.count, sha256: ContentHash(of: artefact))
    try stage.append(offset: 0, artefact)
    return try stage.commit(version, who: who)
  }

  /// What a publish with this request id made before; nil when there was none.
  public func published(requestID: String) throws -> VersionRecord? {
    try read { db in
      guard let request = try Request.fetch(db, id: requestID), request.kind == .publish else { return nil }
      return try Self.version(db, model: request.model, number: request.to)
    }
  }

  /// The one transaction of a publish.
  func promote(_ staged: StagedArtefact, to version: NewVersion, who: String) throws -> VersionRecord {
    try RegistryName.require(version.model, "model")
    try Self.require(golden: version.golden)
    let now = clock()
    let asked = Request.publish(model: version.model, sha256: staged.sha256)
    // Reading and hashing what is stored already takes a while, so it is done before the lock is taken.
    let stored = try storedArtefact(of: staged.sha256)
    return try write { db in
      if let id = version.requestID, let request = try Request.fetch(db, id: id) {
        try request.require(asked, id: id)
        try Self.removeStaged(db, staged)
        return try Self.version(db, model: version.model, number: request.to)
      }
      let artefact = try Self.promoteArtefact(db, staged, stored: stored, now: now)
      let (model, number) = try Self.takeNumber(db, model: version.model, now: now)
      let id = try Self.insertVersion(
        db, version, model: model, number: number, artefact: artefact, who: who, now: now)
      try Self.insertTeachers(db, version.lineage.teachers, version: id)
      if number == 1 {
        let first = AliasMove(alias: VersionSelector.stableAlias, from: nil, to: number, who: who, why: "first version")
        try Self.apply(db, first, model: model, now: now)
      }
      if let requestID = version.requestID {
        try Request.insert(db, id: requestID, asked, from: nil, to: number, now: now)
      }
      return try Self.version(db, model: version.model, number: number)
    }
  }

  // MARK: The steps of a publish

  /// The promoted artefact's row: the staged one, unless the same bytes are stored already. A stored artefact that has
  /// rotted is mended by the bytes that have just arrived.
  private static func promoteArtefact(_ db: Database, _ staged: StagedArtefact, stored: StoredArtefact?, now: Int64)
    throws -> Int64
  {
    let existing = try Int64.fetchOne(
      db, sql: "SELECT id FROM artefacts WHERE sha256 = ? AND promoted = 1", arguments: [staged.sha256.data])
    if let existing, stored?.id != existing || stored?.isIntact == true {
      try removeStaged(db, staged)
      return existing
    }
    let id = try staged.id ?? insertStaged(db, sha256: staged.sha256, bytes: staged.bytes, now: now)
    if !staged.rest.isEmpty { try insertChunk(db, artefact: id, position: staged.restPosition, staged.rest) }
    guard let existing else {
      try db.execute(sql: "UPDATE artefacts SET promoted = 1, owner = '' WHERE id = ?", arguments: [id])
      return id
    }
    try db.execute(sql: "DELETE FROM artefact_chunks WHERE artefact = ?", arguments: [existing])
    try db.execute(sql: "UPDATE artefact_chunks SET artefact = ? WHERE artefact = ?", arguments: [existing, id])
    try db.execute(sql: "DELETE FROM artefacts WHERE id = ?", arguments: [id])
    return existing
  }

  private static func removeStaged(_ db: Database, _ staged: StagedArtefact) throws {
    guard let id = staged.id else { return }
    try db.execute(sql: "DELETE FROM artefacts WHERE id = ? AND promoted = 0", arguments: [id])
  }

  private static func takeNumber(_ db: Database, model: String, now: Int64) throws -> (model: Int64, number: UInt64) {
    try db.execute(
      sql: """
        INSERT INTO models (name, next_version, created_us) VALUES (?, 2, ?)
        ON CONFLICT (name) DO UPDATE SET next_version = next_version + 1
        """, arguments: [model, now])
    let row = try Row.fetchOne(db, sql: "SELECT id, next_version FROM models WHERE name = ?", arguments: [model])!
    return (try row.value("id"), (try row.number("next_version") ?? 1) - 1)
  }

  private static func insertVersion(
    _ db: Database, _ version: NewVersion, model: Int64, number: UInt64, artefact: Int64, who: String, now: Int64
  ) throws -> Int64 {
    let (lineage, golden) = (version.lineage, version.golden)
    try db.execute(
      sql: """
        INSERT INTO versions (model, number, artefact, architecture, fingerprint, run, algorithm, seed,
          environment_steps, golden_rows, golden_observations, golden_outputs, golden_values, who, created_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        model, Int64(number), artefact, version.architectureJSON, version.fingerprint?.data, lineage.run,
        lineage.algorithm, lineage.seed.map { Int64(bitPattern: $0) },
        lineage.environmentSteps.map { Int64(clamping: $0) }, golden?.rows, (golden?.observations).map { Data($0) },
        (golden?.outputs).map { Data($0) }, (golden?.values).map { Data($0) }, who, now,
      ])
    return db.lastInsertedRowID
  }

  private static func insertTeachers(_ db: Database, _ teachers: [TeacherUse], version: Int64) throws {
    for (position, teacher) in teachers.enumerated() {
      try db.execute(
        sql: """
          INSERT INTO teacher_uses (version, position, teacher_model, teacher_version, teacher_sha256, queries)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          version, position, teacher.model, Int64(clamping: teacher.version), teacher.sha256?.data,
          Int64(clamping: teacher.queries),
        ])
    }
  }

  private static func require(golden: GoldenBytes?) throws {
    guard let golden else { return }
    guard golden.rows > 0, golden.observations.count > 0, golden.outputs.count > 0,
      golden.observations.count % (4 * golden.rows) == 0, golden.outputs.count % (4 * golden.rows) == 0,
      golden.values.count == 4 * golden.rows
    else {
      throw RegistryError(
        .invalid,
        "golden rows: given \(golden.rows) rows with \(golden.observations.count), \(golden.outputs.count) and "
          + "\(golden.values.count) bytes of observations, outputs and values; expected 4 bytes a number, whole rows")
    }
  }
}
