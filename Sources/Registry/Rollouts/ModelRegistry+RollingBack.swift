import GRDB

/// What an operator's roll back did.
public struct RollBackRecord: Hashable, Codable, Sendable {
  public let model: String
  /// Where `stable` pointed before, and where it points now: the same where an unfinished rollout was ended and nothing
  /// else was to be done.
  public let from: UInt64
  public let to: UInt64
  /// The rollout that was ended; nil: none was active.
  public let rollout: RolloutRecord?
}

extension ModelRegistry {
  /// Goes back to an earlier version, in one transaction: moves `stable`, ends an active rollout as rolled back, and
  /// withdraws the version that `stable` leaves, and the rollout's candidate.
  ///
  /// - Parameters:
  ///   - version: nil means what was answering before. During a rollout that is its baseline. Otherwise it is the
  ///     version that `stable` had last by its history, without those that were withdrawn or removed since.
  ///   - requestID: the same id again changes nothing and answers the same.
  /// - Throws: `notFound` for an unknown model or version; `conflict` where there is no `stable` or nothing to go back
  ///   to, where `stable` is at `version` and there is no rollout to end, where `version` is the candidate of the
  ///   active rollout, and for a request id that was used for something else.
  @discardableResult
  public func rollBack(
    model: String, to version: UInt64? = nil, who: String, why: String, requestID: String? = nil
  ) throws -> RollBackRecord {
    let now = clock()
    let asked = Request.rollBack(model: model, to: version)
    return try write { db in
      if let requestID, let answer: RollBackRecord = try Request.answer(db, id: requestID, to: asked) { return answer }
      let modelID: Int64 = try requireModel(db, model).value("id")
      guard let stable = try Self.stable(db, model: modelID) else {
        throw RegistryError(
          .conflict,
          "model '\(model)' has no alias '\(VersionSelector.stableAlias)' to roll back; point it to a version")
      }
      var rollout = try Self.activeRollout(db, model: modelID)
      let target = try Self.target(
        db, version, stable: stable, rollout: rollout, of: model, modelID: modelID)
      if rollout != nil {
        let effects = try rollout!.apply(.rollBack, why: why, now: now)
        try Self.update(db, rollout!)
        try Self.insertEvent(db, effects.event, of: rollout!, who: who, now: now)
      }
      if target != stable {
        let move = AliasMove(alias: VersionSelector.stableAlias, from: stable, to: target, who: who, why: why)
        try Self.apply(db, move, model: modelID, now: now)
        try Self.withdraw(db, stable, model: modelID, now: now)
      }
      if let rollout { try Self.withdraw(db, rollout.candidate, model: modelID, now: now) }
      let record = RollBackRecord(model: model, from: stable, to: target, rollout: rollout)
      if let requestID { try Request.insert(db, id: requestID, asked, answer: record, now: now) }
      return record
    }
  }

  /// The versions that `stable` had, the latest first, each once: of those that are there and not withdrawn, other than
  /// where it is.
  static func previousStable(_ db: Database, model: Int64) throws -> [UInt64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT from_version FROM alias_changes
        WHERE model = :model AND alias = :alias
          AND from_version IN (SELECT number FROM versions WHERE model = :model)
          AND from_version NOT IN (SELECT version FROM withdrawn_versions WHERE model = :model)
          AND from_version NOT IN (SELECT version FROM aliases WHERE model = :model AND alias = :alias)
        GROUP BY from_version ORDER BY max(id) DESC
        """, arguments: ["model": model, "alias": VersionSelector.stableAlias]
    ).map { UInt64(clamping: $0) }
  }

  private static func target(
    _ db: Database, _ version: UInt64?, stable: UInt64, rollout: RolloutRecord?, of model: String, modelID: Int64
  ) throws -> UInt64 {
    guard let version else {
      if let rollout { return rollout.baseline }
      if let previous = try previousStable(db, model: modelID).first { return previous }
      throw RegistryError(
        .conflict,
        "'\(VersionSelector.stableAlias)' of model '\(model)' is at version \(stable), and had no version before that "
          + "is still there and was not withdrawn; name the version to go to")
    }
    try requireVersion(
      db, version, of: model, modelID: modelID,
      refusal: "version \(version) cannot be what is rolled back to")
    if let rollout, rollout.candidate == version {
      throw RegistryError(
        .conflict,
        "version \(version) of model '\(model)' is the candidate of rollout \(rollout.id) (\(rollout.state.rawValue)); "
          + "expected another version to roll back to")
    }
    if rollout == nil, version == stable {
      throw RegistryError(
        .conflict, "version \(version) of model '\(model)' is stable already; expected another to roll back to")
    }
    return version
  }
}
