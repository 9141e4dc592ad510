import Logging
import NIOCore
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Models, versions and aliases as they are served, and the calls that look at them and change them.
///
/// A change is stored before it is seen, seen by every event loop before it is answered, and one at a time. What others
/// change in the store is seen before the next call is answered, or at the next ``refresh()``.
actor TeacherDirectory: ControlPlane {
  struct Entry {
    var model: V1.Model
    var loaded: [UInt64: LoadedVersion] = [:]
    /// What the store says of rollouts, withdrawals and leases.
    var standing = RolloutStanding()
    /// The active rollout, as this service runs it.
    var run: RolloutRun?
    /// The newest rollout as callers are told of it, where it does not run.
    var restingRollout: V1.RolloutReply?
    var lastTargets = LastTargets()

    /// The store's aliases, each where it leads queries.
    var servedAliases: [V1.AliasTarget] {
      lastTargets.served(model.aliases) { loaded[$0] != nil }
    }

    /// The newest rollout as callers are told of it; nil: there never was one.
    var latestRollout: V1.RolloutReply? { run?.reply ?? restingRollout }

    /// The model as callers are told of it.
    var described: V1.Model {
      var model = model
      model.aliases = servedAliases
      return model
    }
  }

  let store: any VersionStore
  let rollouts: (any RolloutStore)?
  let settings: ServingSettings
  let logger: Logger
  var entries: [String: Entry] = [:]
  /// Whether this service controls the store's rollouts, and of several services which one.
  var ownership = RolloutOwnership()
  /// Asks every event loop what it has seen of a model's rollout.
  var collect: @Sendable (String) async -> [LoopEvidence] = { _ in [] }
  /// Of the step that begins next, of any rollout.
  var lastGeneration: UInt64 = 0
  var looks = 0
  let clock: @Sendable () -> Int64
  /// Hands a catalogue to every event loop; returns when all have it.
  private var distribute: @Sendable (Catalogue) async -> Void = { _ in }
  /// Ends when the last change that was begun has ended.
  private var lastChange: Task<Void, Never>?
  var healthWatches = HealthWatches()
  var modelWatches = ModelWatches()
  var isDraining = false
  /// What the store said of others' changes when it was last read.
  private var changesSeen: Int64 = 0

  /// - Parameters:
  ///   - rollouts: nil: there are none.
  ///   - clock: microseconds since 1970-01-01 UTC.
  init(
    store: any VersionStore, rollouts: (any RolloutStore)? = nil, settings: ServingSettings, logger: Logger,
    clock: @escaping @Sendable () -> Int64 = { wallMicroseconds() }
  ) {
    self.store = store
    self.rollouts = rollouts
    self.settings = settings
    self.logger = logger
    self.clock = clock
  }

  // MARK: The start

  /// Loads every version that an alias points to, and the newest ones. A version that cannot be loaded is FAILED and
  /// keeps none of the others from being served.
  ///
  /// - Parameters:
  ///   - distribute: hands a catalogue to every event loop.
  ///   - collect: asks every event loop for what it has seen of a model's rollout.
  func start(
    collect: @escaping @Sendable (String) async -> [LoopEvidence] = { _ in [] },
    distribute: @escaping @Sendable (Catalogue) async -> Void
  ) async throws {
    self.distribute = distribute
    self.collect = collect
    // Asked first: what changes while the models are read is read once more.
    changesSeen = try await store.foreignChanges()
    try await readStore()
  }

  private func readStore() async throws {
    try await readModels()
    for (name, entry) in entries {
      let newest = entry.model.versions.suffix(settings.newestVersionsLoaded).map(\.number)
      for number in kept(name).union(newest).sorted() {
        do {
          try await load(number, of: name)
        } catch {
          logger.error("version \(number) of model \(name) is not served: \(error)")
        }
      }
      reportAliasesThatStay(name)
    }
    await publishCatalogue()
  }

  /// Reads what the store says of every model, and goes on with its rollout.
  func readModels() async throws {
    let standing = try await rollouts?.standing() ?? [:]
    for model in try await store.models() {
      let known = entries[model.name]?.model.versions ?? []
      var entry = entries[model.name] ?? Entry(model: model)
      entry.model = model
      for index in model.versions.indices {
        guard let before = known.first(where: { $0.number == model.versions[index].number }) else { continue }
        entry.model.versions[index].state = before.state
        entry.model.versions[index].failure = before.failure
      }
      entries[model.name] = entry
      adopt(standing[model.name] ?? RolloutStanding(), of: model.name)
    }
  }

  private func reportAliasesThatStay(_ name: String) {
    guard let entry = entries[name] else { return }
    for (wanted, served) in zip(entry.model.aliases, entry.servedAliases) where wanted != served {
      logger.error(
        """
        alias \(wanted.alias) of model \(name) stays at version \(served.version): version \(wanted.version), where the \
        registry points it, is not loaded
        """)
    }
  }

  /// Serves what another program has changed in the store since it was last read, such as a version that was trained
  /// into the service's registry.
  func refresh() async throws {
    try await changing { try await self.readStoreIfChanged() }
  }

  private func readStoreIfChanged() async throws {
    let changes = try await store.foreignChanges()
    guard changes != changesSeen else { return }
    try await readStore()
    changesSeen = changes
    logger.info("the registry was changed by another program, and read again")
  }

  /// What is served now.
  var catalogue: Catalogue {
    Catalogue(
      models: entries.values.sorted { $0.model.name < $1.model.name }.map { entry in
        var model = Catalogue.Model(
          name: entry.model.name, loaded: entry.loaded.values.sorted { $0.number < $1.number },
          stored: entry.model.versions.map(\.number), aliases: entry.servedAliases)
        model.withdrawn = entry.standing.withdrawn
        model.leaseEnds = leaseEnds(of: entry)
        model.rollout = entry.run?.catalogue(collects: ownership.isHeld(at: .now()))
        if let run = entry.run, run.isHalted { halt(run.stored, &model) }
        return model
      })
  }

  /// What a rollback will be once it is stored.
  private func halt(_ stored: StoredRollout, _ model: inout Catalogue.Model) {
    model.withdrawn.insert(stored.candidate)
    for index in model.aliases.indices
    where model.aliases[index].alias == "stable" && model.aliases[index].version == stored.candidate {
      model.aliases[index].version = stored.baseline
    }
  }

  func publishCatalogue() async {
    for (name, entry) in entries {
      entries[name]?.lastTargets.remember(entry.servedAliases) { entry.loaded[$0] != nil }
    }
    await distribute(catalogue)
    healthWatches.notify { serving($0) }
    await tellModelWatches()
  }

  /// Runs one change after the other: an actor lets others in wherever it waits.
  func changing<Answer: Sendable>(
    _ change: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    let previous = lastChange
    let this = Task {
      await previous?.value
      return try await change()
    }
    lastChange = Task { _ = try? await this.value }
    return try await this.value
  }
}

/// Microseconds since 1970-01-01 UTC.
func wallMicroseconds() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1e6) }
