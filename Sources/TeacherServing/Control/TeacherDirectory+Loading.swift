import Logging
import NIOCore
import Neural
import Wire

// Which versions are in memory.
extension TeacherDirectory {
  func load(_ number: UInt64, of name: String) async throws {
    guard let entry = entries[name], entry.loaded[number] == nil else { return }
    setState(.loading, number, name)
    let policy: InferencePolicy
    do {
      policy = try await store.load(model: name, version: number)
    } catch {
      setState(.failed, number, name, failure: "\(error)")
      throw error
    }
    if let refusal = refusal(of: policy, number, name) {
      setState(.stored, number, name)
      throw refusal
    }
    admit(policy, number, name)
  }

  /// Why a version does not fit beside what is loaded; nil where it does.
  func refusal(of policy: InferencePolicy, _ number: UInt64, _ name: String) -> WireStatus? {
    guard let allowed = settings.memoryMax else { return nil }
    let inUse = entries.values.reduce(0) { sum, entry in sum + entry.loaded.values.reduce(0) { $0 + $1.bytes } }
    guard policy.bytes > allowed - inUse else { return nil }
    return WireStatus(
      .resourceExhausted,
      "version \(number) of model \(name) takes \(policy.bytes) bytes of memory beside the \(inUse) of the versions "
        + "that are loaded, expected at most \(allowed) together")
  }

  func admit(_ policy: InferencePolicy, _ number: UInt64, _ name: String) {
    let version = LoadedVersion(model: name, number: number, policy: policy)
    entries[name]?.loaded[number] = version
    setState(.loaded, number, name)
    logger.info(
      "version loaded",
      metadata: [
        "model": "\(name)", "version": "\(number)", "us_per_row": "\(version.microsecondsPerRow)",
      ])
    makeRoom(in: name, keeping: number)
  }

  private func makeRoom(in name: String, keeping kept: UInt64) {
    guard let entry = entries[name] else { return }
    let pointedAt = self.kept(name).union(entry.lastTargets.all)
    let stored = Set(entry.model.versions.map(\.number))
    // Those that have been removed from the store first, then the oldest.
    let order = entry.loaded.keys.filter { $0 != kept && !pointedAt.contains($0) }
      .sorted { (stored.contains($0) ? 1 : 0, $0) < (stored.contains($1) ? 1 : 0, $1) }
    for number in order.prefix(max(0, entry.loaded.count - settings.versionsLoadedMax)) { unload(number, of: name) }
  }

  func unload(_ number: UInt64, of name: String) {
    entries[name]?.loaded[number] = nil
    setState(.stored, number, name)
    logger.info("version freed", metadata: ["model": "\(name)", "version": "\(number)"])
  }

  func setState(_ state: V1.VersionState, _ number: UInt64, _ name: String, failure: String = "") {
    guard let index = entries[name]?.model.versions.firstIndex(where: { $0.number == number }) else { return }
    entries[name]?.model.versions[index].state = state
    entries[name]?.model.versions[index].failure = failure
  }

  // MARK: What stays

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
    return leaseEndMicroseconds(of: entry).mapValues { uptime + .microseconds(max($0 - now, 0)) }
  }

  private func leaseEndMicroseconds(of entry: Entry) -> [UInt64: Int64] {
    entry.standing.leftMicroseconds.mapValues { $0 + Int64(settings.leaseSecondsMax) * 1_000_000 }
  }

  /// Frees versions whose last lease has ended, but those that are kept and the newest.
  func retire() async {
    let now = clock()
    var isChanged = false
    for (name, entry) in entries {
      let newest = entry.model.versions.suffix(settings.newestVersionsLoaded).map(\.number)
      let kept = kept(name).union(newest).union(entry.lastTargets.all)
      for (number, end) in leaseEndMicroseconds(of: entry) where end <= now && !kept.contains(number) {
        guard entry.loaded[number] != nil else { continue }
        unload(number, of: name)
        isChanged = true
      }
    }
    if isChanged { await publishCatalogue() }
  }
}
