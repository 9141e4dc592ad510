import Logging
import NIOCore
import RolloutControl
import Wire

// What the service does about rollouts by itself: it looks at their evidence some times a second, and acts on it.
extension TeacherDirectory {
  /// How often rollouts are looked at: what a look finds is acted on at once.
  static let lookInterval = Duration.milliseconds(100)

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
    return acts
  }

  /// Somebody controls the rollouts of a store: this service, or another that serves the same.
  private func keepOwnership(_ rollouts: any RolloutStore) async {
    let began = NIODeadline.now()
    guard ownership.isDue(at: began), !ownership.isAsking else { return }
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

  private func look(at name: String) async -> Task<Void, Never>? {
    guard ownership.isHeld(at: .now()) else { return nil }
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
      who: "docent-teacher", why: why, revision: run.stored.revision, fence: ownership.fence)
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
    try await readStanding()
    await publishCatalogue()
  }

  /// What could not be stored is tried again at the next look, on what the store has then.
  private func failedToStore(_ name: String, _ error: any Error) async {
    if let text = entries[name]?.run?.failed(with: "\(error)") {
      logger.error("model \(name): the rollout's next state cannot be stored, and is tried again: \(text)")
    }
    try? await changing {
      try await self.readStanding()
      await self.publishCatalogue()
    }
  }

  private func save(_ evidence: String, of run: RolloutRun, _ name: String) -> Task<Void, Never> {
    let (stored, generation) = (run.stored, run.generation)
    entries[name]?.run?.isActing = true
    return Task {
      do {
        try await rollouts?.save(evidence: evidence, of: stored.id, revision: stored.revision, fence: ownership.fence ?? 0)
      } catch {
        logger.debug("model \(name): the rollout's evidence was not stored: \(error)")
      }
      acted(name, generation)
    }
  }

  // MARK: What the store says

  /// Reads how every model stands, and goes on with its rollout.
  func readStanding() async throws {
    guard let rollouts else { return }
    let standing = try await rollouts.standing()
    let models = try await store.models()
    for model in models { entries[model.name]?.model.aliases = model.aliases }
    for name in entries.keys { adopt(standing[name] ?? RolloutStanding(), of: name) }
  }

  func adopt(_ standing: RolloutStanding, of name: String) {
    entries[name]?.standing = standing
    guard let stored = standing.active else {
      entries[name]?.run = nil
      return
    }
    if entries[name]?.run?.adopt(stored) == true { return }
    lastGeneration += 1
    do throws(WireStatus) {
      entries[name]?.run = try RolloutRun(stored, generation: lastGeneration)
    } catch {
      entries[name]?.run = nil
      logger.error("model \(name): \(error.message); its rollout stands still")
    }
  }

  /// Versions that stay loaded: those that something points to, and those that a rollback would return to.
  func kept(_ name: String) -> Set<UInt64> {
    guard let entry = entries[name] else { return [] }
    var kept = Set(entry.model.aliases.map(\.version))
    if let active = entry.standing.active { kept.formUnion([active.candidate, active.baseline]) }
    return kept.union(entry.standing.previousStable.prefix(settings.previousVersionsLoaded))
  }

  /// When versions that nothing points to any more stop honouring leases.
  func leaseEnds(of entry: Entry) -> [UInt64: NIODeadline] {
    let (now, uptime) = (clock(), NIODeadline.now())
    let longest = Int64(settings.leaseSecondsMax) * 1_000_000
    return entry.standing.leftMicroseconds.mapValues { left in
      uptime + .microseconds(max(left + longest - now, 0))
    }
  }

  /// Frees versions whose last lease has ended, but those that are kept and the newest.
  func retire() async {
    let now = clock()
    let longest = Int64(settings.leaseSecondsMax) * 1_000_000
    var isChanged = false
    for (name, entry) in entries {
      let newest = entry.model.versions.suffix(settings.newestVersionsLoaded).map(\.number)
      let kept = kept(name).union(newest).union(entry.lastTargets.all)
      for number in entry.loaded.keys where !kept.contains(number) {
        guard let left = entry.standing.leftMicroseconds[number], left + longest <= now else { continue }
        unload(number, of: name)
        isChanged = true
      }
    }
    if isChanged { await publishCatalogue() }
  }
}
