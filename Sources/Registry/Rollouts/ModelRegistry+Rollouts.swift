import GRDB

extension ModelRegistry {
  /// Begins a rollout of a version of a model, against the version that is `stable` now. A candidate that was withdrawn
  /// no longer is.
  ///
  /// - Parameters:
  ///   - plan: text, kept as it is.
  ///   - firstWeight: of new episodes that the first step sends to the candidate: in percent, above 0, at most 100.
  ///   - requestID: the same id again begins nothing and answers the same.
  /// - Throws: `notFound` for an unknown model or version; `conflict` where the model has an active rollout or no
  ///   `stable`, where the candidate is `stable` already, and for a request id that was used for something else.
  public func startRollout(
    model: String, plan: String, candidate: UInt64, firstWeight: Double, who: String, why: String,
    requestID: String? = nil
  ) throws -> RolloutRecord {
    try RolloutRecord.require(weightPercent: firstWeight)
    let now = clock()
    let asked = Request.rolloutStart(model: model, candidate: candidate, weightPercent: firstWeight, plan: plan)
    return try write { db in
      if let requestID, let answer: RolloutRecord = try Request.answer(db, id: requestID, to: asked) { return answer }
      let modelID: Int64 = try requireModel(db, model).value("id")
      try Self.requireVersion(
        db, candidate, of: model, modelID: modelID,
        refusal: "version \(candidate) cannot be the candidate of a rollout")
      let baseline = try Self.requireStartable(db, candidate, of: model, modelID: modelID)
      let record = RolloutRecord(
        id: Self.randomID(), model: model, candidate: candidate, baseline: baseline, plan: plan, state: .running,
        step: 0, weightPercent: firstWeight, stepStartedMicroseconds: now, revision: 1, evidence: nil, reason: why,
        who: who, createdMicroseconds: now, endedMicroseconds: nil)
      try Self.insert(db, record, modelID: modelID)
      try Self.insertEvent(db, .started, of: record, who: who, now: now)
      try Self.restore(db, candidate, model: modelID)
      if let requestID { try Request.insert(db, id: requestID, asked, answer: record, now: now) }
      return record
    }
  }

  /// Changes an active rollout, with all that the change brings (a move of `stable`, a withdrawn candidate), in one
  /// transaction.
  ///
  /// - Parameters:
  ///   - revision: the revision that the change was decided on; nil where any will do.
  ///   - fence: of the ownership of `Ownership.rollouts` that the change is made under; nil for an operator's change.
  ///   - evidence: JSON: of the step that the rollout is in after the change; nil: what was saved last, or of a step
  ///     that begins with the change, none.
  ///   - requestID: the same id again changes nothing and answers the same, also where the model has another rollout by
  ///     now and that one is named.
  /// - Throws: `notFound` for an unknown rollout; `conflict` where its state does not allow the change, where its
  ///   revision or the owner's fence is another by now, and for a request id that was used for something else;
  ///   `invalid` for a weight that is none.
  @discardableResult
  public func changeRollout(
    id: String, expecting revision: Int64? = nil, fence: Int64? = nil, to change: RolloutChange,
    evidence: String? = nil, who: String, why: String, requestID: String? = nil
  ) throws -> RolloutRecord {
    let now = clock()
    return try write { db in
      var (record, modelID) = try requireRollout(db, id)
      let asked = Request.rolloutChange(model: record.model, change)
      if let requestID, let answer: RolloutRecord = try Request.answer(db, id: requestID, to: asked) { return answer }
      try Self.require(db, fence: fence)
      try Self.require(record, at: revision)
      let effects = try record.apply(change, evidence: evidence, why: why, now: now)
      try Self.update(db, record)
      try Self.insertEvent(db, effects.event, of: record, who: who, now: now)
      if let version = effects.stableMovesTo {
        let move = AliasMove(
          alias: VersionSelector.stableAlias, from: try Self.stable(db, model: modelID), to: version, who: who, why: why
        )
        try Self.apply(db, move, model: modelID, now: now)
      }
      if effects.withdrawsCandidate { try Self.withdraw(db, record.candidate, model: modelID, now: now) }
      if let requestID { try Request.insert(db, id: requestID, asked, answer: record, now: now) }
      return record
    }
  }

  /// Keeps what was seen in a rollout's step, for whoever resumes it. Neither an event nor a new revision.
  ///
  /// - Parameters:
  ///   - evidence: JSON.
  ///   - revision: the revision that the evidence was collected under.
  ///   - fence: as `changeRollout`'s.
  /// - Throws: `notFound` for an unknown rollout; `conflict` where it has ended, where its revision or the owner's
  ///   fence is another by now, and for text that is no JSON.
  public func saveEvidence(_ evidence: String, rollout id: String, expecting revision: Int64, fence: Int64? = nil)
    throws
  {
    try write { db in
      try Self.require(db, fence: fence)
      let statement = try db.cachedStatement(
        sql: "UPDATE rollouts SET evidence = ? WHERE id = ? AND revision = ? AND ended_us IS NULL")
      try statement.execute(arguments: [evidence, id, revision])
      if db.changesCount == 1 { return }
      let (record, _) = try requireRollout(db, id)
      try Self.require(record, at: revision)
      throw RegistryError(
        .conflict,
        "rollout \(id) of model '\(record.model)' has ended (\(record.state.rawValue)); it takes no evidence")
    }
  }

  // MARK: What has to hold

  /// - Returns: the version that is `stable`.
  private static func requireStartable(_ db: Database, _ candidate: UInt64, of model: String, modelID: Int64) throws
    -> UInt64
  {
    if let active = try activeRollout(db, model: modelID) {
      throw RegistryError(
        .conflict,
        "model '\(model)' has an active rollout, \(active.id) (\(active.state.rawValue), of version "
          + "\(active.candidate)); end it before another one starts")
    }
    guard let stable = try stable(db, model: modelID) else {
      throw RegistryError(
        .conflict,
        "model '\(model)' has no alias '\(VersionSelector.stableAlias)' to compare version \(candidate) with; "
          + "point it to a version first")
    }
    guard stable != candidate else {
      throw RegistryError(
        .conflict, "version \(candidate) of model '\(model)' is stable already; expected another version to roll out")
    }
    return stable
  }

  static func requireNoActiveRollout(_ db: Database, movingStableOf model: String, id modelID: Int64) throws {
    guard let active = try activeRollout(db, model: modelID) else { return }
    let what = active.state == .watching ? "complete it or roll it back first" : "promote or abort it first"
    throw RegistryError(
      .conflict,
      "alias '\(VersionSelector.stableAlias)' of model '\(model)' is moved by rollout \(active.id) "
        + "(\(active.state.rawValue), of version \(active.candidate)) alone; \(what)")
  }

  private static func require(_ record: RolloutRecord, at revision: Int64?) throws {
    guard let revision, revision != record.revision else { return }
    throw RegistryError(
      .conflict,
      "rollout \(record.id) of model '\(record.model)' has changed: expected revision \(revision), it is at "
        + "\(record.revision) (\(record.state.rawValue))")
  }

  private static func randomID() -> String {
    (0..<2).map { _ in
      let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
