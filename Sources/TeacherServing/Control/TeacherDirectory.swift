import Crypto
import Logging
import NIOCore
import Neural
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
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
    var lastTargets = LastTargets()

    /// The store's aliases, each where it leads queries.
    var servedAliases: [V1.AliasTarget] {
      lastTargets.served(model.aliases) { loaded[$0] != nil }
    }

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
  let clock: @Sendable () -> Int64
  /// Hands a catalogue to every event loop; returns when all have it.
  private var distribute: @Sendable (Catalogue) async -> Void = { _ in }
  /// Ends when the last change that was begun has ended.
  private var lastChange: Task<Void, Never>?
  private var watches = HealthWatches()
  private var isDraining = false
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
      let newest = model.versions.suffix(settings.newestVersionsLoaded).map(\.number)
      for number in kept(model.name).union(newest).sorted() {
        do {
          try await load(number, of: model.name)
        } catch {
          logger.error("version \(number) of model \(model.name) is not served: \(error)")
        }
      }
      reportAliasesThatStay(model.name)
    }
    await publishCatalogue()
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
    watches.notify { serving($0) }
  }

  // MARK: Loading

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
  private func refusal(of policy: InferencePolicy, _ number: UInt64, _ name: String) -> WireStatus? {
    guard let allowed = settings.memoryMax else { return nil }
    let inUse = entries.values.reduce(0) { sum, entry in sum + entry.loaded.values.reduce(0) { $0 + $1.bytes } }
    guard policy.bytes > allowed - inUse else { return nil }
    return WireStatus(
      .resourceExhausted,
      "version \(number) of model \(name) takes \(policy.bytes) bytes of memory beside the \(inUse) of the versions "
        + "that are loaded, expected at most \(allowed) together")
  }

  private func admit(_ policy: InferencePolicy, _ number: UInt64, _ name: String) {
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
    guard var entry = entries[name] else { return }
    let pointedAt = self.kept(name).union(entry.lastTargets.all)
    let stored = Set(entry.model.versions.map(\.number))
    // Those that have been removed from the store first, then the oldest.
    let order = entry.loaded.keys.sorted { (stored.contains($0) ? 1 : 0, $0) < (stored.contains($1) ? 1 : 0, $1) }
    for number in order where entry.loaded.count > settings.versionsLoadedMax {
      if number == kept || pointedAt.contains(number) { continue }
      entry.loaded[number] = nil
      entries[name] = entry
      setState(.stored, number, name)
      entry = entries[name] ?? entry
    }
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

  // MARK: Calls

  func answer(
    _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    if case .health = request {} else { try await refresh() }
    switch request {
    case .describe(let request): return .describeReply(try await describe(request, scopes))
    case .health(let request) where request.watch: return try await watchHealth(request, send)
    case .health(let request): return .healthReply(try health(request))
    case .listModels: return .listModelsReply(listModels())
    case .alias(let request): return .aliasReply(try await changing { try await self.move(request, who: who) })
    case .history(let request): return .historyReply(try await history(request))
    case .verify(let request):
      return .verifyReply(V1.VerifyReply(results: try await store.verify(model: request.model)))
    case .publish(let header, let artefact):
      return .publishReply(try await changing { try await self.publish(header, artefact, who: who) })
    case .fetch(let request): return try await fetch(request, send)
    case .rollout: throw WireStatus(.unimplemented, "Rollout is not implemented by this server")
    case .report: throw WireStatus(.unimplemented, "Report is not implemented by this server")
    case .watch: throw WireStatus(.unimplemented, "Watch is not implemented by this server")
    case .unimplemented(let name): throw WireStatus(.unimplemented, "\(name) is not implemented by this server")
    }
  }

  private func listModels() -> V1.ListModelsReply {
    V1.ListModelsReply(models: entries.values.map(\.described).sorted { $0.name < $1.name })
  }

  func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else { throw WireStatus.unknownModel(name, known: entries.keys.sorted()) }
    return entry
  }

  /// A version that is named and only stored is loaded: who describes it wants to query it. Where another one would have
  /// to make room, which its users would notice, that is for those who operate.
  private func describe(_ request: V1.DescribeRequest, _ scopes: Scopes) async throws -> V1.DescribeReply {
    let number = try resolve(request)
    if entries[request.model]?.loaded[number] == nil {
      try await changing {
        if !scopes.contains(.operate) { try await self.requireRoom(for: number, request.model) }
        try await self.loadAndPublish(number, request.model)
      }
    }
    let model = try entry(request.model).described
    return V1.DescribeReply(model: model, version: model.versions.first { $0.number == number })
  }

  private func requireRoom(for number: UInt64, _ name: String) throws {
    guard let entry = entries[name], entry.loaded[number] == nil, entry.loaded.count >= settings.versionsLoadedMax
    else { return }
    throw WireStatus(
      .resourceExhausted,
      "version \(number) of model \(name) is stored but not loaded, and \(entry.loaded.count) others are, expected fewer "
        + "than \(settings.versionsLoadedMax): another one would make room for it, which is for who has the scope operate"
    )
  }

  private func loadAndPublish(_ number: UInt64, _ model: String) async throws {
    try await load(number, of: model)
    await publishCatalogue()
  }

  private func resolve(_ request: V1.DescribeRequest) throws -> UInt64 {
    try resolve(request.model, version: request.version, alias: request.alias)
  }

  private func resolve(_ name: String, version: UInt64, alias: String) throws -> UInt64 {
    let model = try entry(name).described
    if version != 0 {
      return try known(version, in: model)
    }
    let alias = alias.isEmpty ? "stable" : alias
    guard let target = model.aliases.first(where: { $0.alias == alias }) else {
      throw WireStatus.unknownAlias(alias, of: model)
    }
    return target.version
  }

  func known(_ version: UInt64, in model: V1.Model) throws -> UInt64 {
    guard model.versions.contains(where: { $0.number == version }) else {
      let known = model.versions.map { "\($0.number)" }.joined(separator: ", ")
      throw WireStatus(.notFound, "model \(model.name) has no version \(version), expected one of: \(known)")
    }
    return version
  }

  private func health(_ request: V1.HealthRequest) throws -> V1.HealthReply {
    if !request.model.isEmpty { _ = try entry(request.model) }
    return V1.HealthReply(serving: serving(request.model))
  }

  /// As grpc.health.v1: of the whole service where the name is empty; SERVICE_UNKNOWN is for a watch alone.
  private func serving(_ name: String) -> V1.Serving {
    if name.isEmpty { return isDraining ? .notServing : .serving }
    guard let entry = entries[name] else { return .serviceUnknown }
    let stable = entry.servedAliases.first { $0.alias == "stable" }
    return isDraining || stable.flatMap { entry.loaded[$0.version] } == nil ? .notServing : .serving
  }

  /// Sends what holds now, and then each change, until the caller gives up or the service ends.
  private func watchHealth(
    _ request: V1.HealthRequest, _ send: @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    let (id, changes) = watches.add(request.model, serving(request.model))
    defer { watches.remove(id) }
    for await serving in changes { try await send(.healthReply(V1.HealthReply(serving: serving))) }
    throw Task.isCancelled
      ? WireStatus(.cancelled, "the client gave up its watch")
      : WireStatus(.unavailable, "the server is shutting down")
  }

  /// Nothing is served any more: watches are told, and end.
  func drain() {
    isDraining = true
    watches.notify { serving($0) }
    watches.end()
  }

  /// The header, then the artefact in chunks, each when the one before it is in the socket.
  private func fetch(
    _ request: V1.FetchRequest, _ send: @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    let number = try resolve(request.model, version: request.version, alias: request.alias)
    let header = try await store.fetch(model: request.model, version: number)
    try await send(.fetchHeader(header))
    var offset = 0
    while offset < Int(header.artefactBytes) {
      let bytes = try await store.artefactBytes(model: request.model, version: number, from: offset)
      for start in stride(from: 0, to: bytes.count, by: WireLimits.chunkBytesMax) {
        let piece = bytes[start..<min(start + WireLimits.chunkBytesMax, bytes.count)]
        try await send(.chunk(V1.Chunk(offset: UInt64(offset + start), data: Array(piece))))
      }
      offset += bytes.count
    }
    return nil
  }

  private func history(_ request: V1.HistoryRequest) async throws -> V1.HistoryReply {
    _ = try entry(request.model)
    return V1.HistoryReply(changes: try await store.history(of: request.model))
  }

  // MARK: Changes

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

  private static let reasonBytesMax = 4096

  private func move(_ request: V1.AliasRequest, who: String) async throws -> V1.AliasReply {
    guard request.reason.utf8.count <= Self.reasonBytesMax else {
      throw WireStatus(
        .invalidArgument,
        "a reason of \(request.reason.utf8.count) bytes, expected at most \(Self.reasonBytesMax): histories repeat it")
    }
    let model = try entry(request.model).model
    if request.version != 0 { try await load(try known(request.version, in: model), of: request.model) }
    let (reply, aliases) = try await store.moveAlias(request, who: who)
    entries[request.model]?.model.aliases = aliases
    await publishCatalogue()
    logger.info(
      "alias moved",
      metadata: [
        "model": "\(request.model)", "alias": "\(request.alias)", "from": "\(reply.from)", "to": "\(reply.to)",
        "who": "\(who)",
      ])
    return reply
  }

  private func publish(
    _ header: V1.PublishHeader, _ artefact: [UInt8], who: String
  ) async throws -> V1.PublishReply {
    let sha256 = Array(SHA256.hash(data: artefact))
    guard header.sha256 == sha256 else {
      throw WireStatus(
        .dataLoss, "an artefact with SHA-256 \(hexadecimal(sha256)), expected \(hexadecimal(header.sha256))")
    }
    let publication = try await store.publish(header, artefact: artefact, who: who)
    let number = publication.version.number
    var entry = entries[header.model] ?? Entry(model: V1.Model(name: header.model))
    if !entry.model.versions.contains(where: { $0.number == number }) {
      entry.model.versions.append(publication.version)
      entry.model.versions.sort { $0.number < $1.number }
    }
    entry.model.aliases = publication.aliases
    entries[header.model] = entry
    if entry.loaded[number] == nil {
      if let refusal = refusal(of: publication.policy, number, header.model) {
        // The version is stored all the same, and is loaded by whoever points to it when there is room.
        setState(.stored, number, header.model)
        logger.warning("published and not loaded: \(refusal.message)")
      } else {
        admit(publication.policy, number, header.model)
      }
    }
    await publishCatalogue()
    logger.info("version published", metadata: ["model": "\(header.model)", "version": "\(number)", "who": "\(who)"])
    return V1.PublishReply(version: number, sha256: publication.version.sha256)
  }
}

/// Microseconds since 1970-01-01 UTC.
func wallMicroseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef")
  return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

extension WireStatus {
  static func unknownAlias(_ alias: String, of model: V1.Model) -> WireStatus {
    let known = model.aliases.map(\.alias).joined(separator: ", ")
    return WireStatus(
      .notFound, "model \(model.name) has no alias \(alias), expected one of: \(known.isEmpty ? "none" : known)")
  }
}
