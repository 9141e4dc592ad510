import Logging
import NIOCore
import RolloutControl
import Wire

// What the service does about rollouts by itself: it looks at their evidence some times a second, and acts on it.
extension TeacherDirectory {
  /// How often rollouts are looked at: what a look finds is acted on at once.
  static let lookInterval = Duration.milliseconds(100)

  /// Who watches hears of what gates measure once a second.
  private static let looksPerTelling = 10

  /// Looks at the evidence of every active rollout that this service controls.
  ///
  /// - Returns: what is being stored because of it; nothing waits for that.
  @discardableResult
  func lookAtRollouts() async -> [Task<Void, Never>] {
    guard let rollouts, entries.values.contains(where: { $0.run != nil }) else { return [] }
    await keepOwnership(rollouts)
    var acts: [Task<Void, Never>] = []
    for name in entries.keys.sorted() where entries[name]?.run != nil {
      if let act = await look(at: name) { acts.append(act) }
    }
    looks += 1
    if looks.isMultiple(of: Self.looksPerTelling) { await tellModelWatches() }
    return acts
  }

  /// Somebody controls the rollouts of a store: this service, or another that serves the same.
  private func keepOwnership(_ rollouts: any RolloutStore) async {
    let began = NIODeadline.now()
    guard ownership.isDue(at: began), !ownership.isAsking, !isDraining else { return }
    ownership.isAsking = true
    let hadIt = ownership.isHeld(at: began)
    do {
      ownership.answer(try await rollouts.own(as: ownership.name, for: RolloutOwnership.duration), askedAt: began)
    } catch {
      logger.error("whether this service controls the rollouts cannot be told: \(error)")
    }
    ownership.isAsking = false
    let hasIt = ownership.isHeld(at: .now())
    guard hasIt != hadIt else { return }
    logger.notice("\(hasIt ? "this service controls" : "another service controls") the registry's rollouts")
    await publishCatalogue()
  }

  /// The service ends, and the one that is next need not wait until this one's time has passed.
  func giveUpOwnership() async {
    guard let rollouts, ownership.isHeld(at: .now()) else { return }
    do {
      try await rollouts.disown(as: ownership.name)
    } catch {
      logger.notice("the next service controls the rollouts some seconds from now: \(error)")
    }
  }

  private func look(at name: String) async -> Task<Void, Never>? {
    guard ownership.isHeld(at: .now()) else { return nil }
    entries[name]?.run?.beginLook()
    let parts = await collect(name)
    let now = clock()
    entries[name]?.run?.take(parts, at: now, uptime: NIODeadline.now().uptimeNanoseconds)
    guard let run = entries[name]?.run, !run.isActing else { return nil }
    let decision = run.decision(at: now, fault: candidateFault(name, run.stored))
    guard decision == .wait else { return act(on: decision, name, run) }
    return entries[name]?.run?.unsavedEvidence(at: now).map { save($0, of: run, name) }
  }

  private func candidateFault(_ name: String, _ stored: StoredRollout) -> String? {
    guard let entry = entries[name], entry.loaded[stored.candidate] == nil else { return nil }
    let version = entry.model.versions.first { $0.number == stored.candidate }
    return "it is not loaded" + (version.map { $0.failure.isEmpty ? "" : ": \($0.failure)" } ?? ": it is not stored")
  }

  // MARK: Acting

  /// A rollback is in force before it is stored: a full disk does not keep a bad version in place.
  private func act(on decision: RolloutDecision, _ name: String, _ run: RolloutRun) -> Task<Void, Never> {
    entries[name]?.run?.isActing = true
    if case .rollBack = decision { entries[name]?.run?.isHalted = true }
    let (change, why) = run.change(for: decision)
    let request = RolloutChangeRequest(
      who: "docent-teacher", why: why, revision: run.stored.revision, fence: ownership.fence,
      evidence: run.evidence(after: change))
    return Task {
      await publishCatalogue()
      do {
        try await changing { try await self.make(change, of: run.stored, request) }
      } catch {
        await failedToStore(name, error)
      }
      acted(name, run.generation)
    }
  }

  private func acted(_ name: String, _ generation: UInt64) {
    if entries[name]?.run?.generation == generation { entries[name]?.run?.isActing = false }
  }

  private func make(_ change: RolloutChange, of stored: StoredRollout, _ request: RolloutChangeRequest) async throws {
    guard let rollouts else { return }
    let after = try await rollouts.change(stored.id, change, request)
    logger.notice(
      "rollout \(after.state.rawValue)",
      metadata: [
        "model": "\(stored.model)", "rollout": "\(stored.id)", "candidate": "\(stored.candidate)",
        "weight": "\(after.weightPercent)%", "why": "\(request.why)",
      ])
    try await readModels()
    await publishCatalogue()
  }

  /// What could not be stored is tried again at the next look, on what the store has then.
  private func failedToStore(_ name: String, _ error: any Error) async {
    if let text = entries[name]?.run?.failed(with: "\(error)") {
      logger.error("model \(name): the rollout's next state cannot be stored, and is tried again: \(text)")
    }
    try? await changing {
      try await self.readModels()
      await self.publishCatalogue()
    }
  }

  private func save(_ evidence: String, of run: RolloutRun, _ name: String) -> Task<Void, Never> {
    let (stored, generation) = (run.stored, run.generation)
    entries[name]?.run?.isActing = true
    return Task {
      do {
        try await rollouts?.save(
          evidence: evidence, of: stored.id, revision: stored.revision, fence: ownership.fence ?? 0)
      } catch {
        logger.debug("model \(name): the rollout's evidence was not stored: \(error)")
      }
      acted(name, generation)
    }
  }

  // MARK: What the store says

  func adopt(_ standing: RolloutStanding, of name: String) {
    let before = entries[name]?.standing.newest
    entries[name]?.standing = standing
    guard let stored = standing.active else {
      entries[name]?.run = nil
      if standing.newest != before || entries[name]?.restingRollout == nil {
        entries[name]?.restingRollout = standing.newest.map { V1.RolloutReply($0) }
      }
      return
    }
    if entries[name]?.run?.adopt(stored, isElsewhere: !ownership.isHeld(at: .now())) == true { return }
    lastGeneration += 1
    do throws(WireStatus) {
      entries[name]?.run = try RolloutRun(stored, generation: lastGeneration)
    } catch {
      entries[name]?.run = nil
      entries[name]?.restingRollout = V1.RolloutReply(stored)
      logger.error("model \(name): \(error.message); its rollout stands still")
    }
  }
}
