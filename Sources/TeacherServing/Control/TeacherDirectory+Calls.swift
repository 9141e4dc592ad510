import Wire

// The calls that look at what is there.
extension TeacherDirectory {
  func answer(
    _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    switch request {
    // Reports come with every episode, and health is asked for often: neither waits for the store.
    case .health, .report: break
    default: try await refresh()
    }
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
    case .rollout(let request): return .rolloutReply(try await rollout(request, who: who))
    case .report(let request):
      try report(request)
      return .reportReply(V1.ReportReply())
    case .watch(let request): return try await watch(request, send)
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

  func resolve(_ name: String, version: UInt64, alias: String) throws -> UInt64 {
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
  func serving(_ name: String) -> V1.Serving {
    if name.isEmpty { return isDraining ? .notServing : .serving }
    guard let entry = entries[name] else { return .serviceUnknown }
    let stable = entry.servedAliases.first { $0.alias == "stable" }
    return isDraining || stable.flatMap { entry.loaded[$0.version] } == nil ? .notServing : .serving
  }

  /// Sends what holds now, and then each change, until the caller gives up or the service ends.
  private func watchHealth(
    _ request: V1.HealthRequest, _ send: @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    let (id, changes) = healthWatches.add(request.model, serving(request.model))
    defer { healthWatches.remove(id) }
    for await serving in changes { try await send(.healthReply(V1.HealthReply(serving: serving))) }
    throw Self.endOfWatch
  }

  /// Sends every alias and active rollout, and then each change, until the caller gives up or the service ends.
  private func watch(
    _ request: V1.WatchRequest, _ send: @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? {
    let names = request.model.isEmpty ? entries.keys.sorted() : [try entry(request.model).model.name]
    let now = names.compactMap { entries[$0] }.flatMap { entry in
      ModelWatches.standing(entry.described, rollout: entry.run?.reply)
    }
    let (id, events) = modelWatches.add(request.model, now)
    defer { modelWatches.remove(id) }
    for try await event in events { try await send(.watchEvent(event)) }
    throw Self.endOfWatch
  }

  private static var endOfWatch: WireStatus {
    Task.isCancelled
      ? WireStatus(.cancelled, "the client gave up its watch")
      : WireStatus(.unavailable, "the server is shutting down")
  }

  /// Says what has changed since it was said last.
  func tellModelWatches() async {
    var moves: [String: [V1.AliasChange]] = [:]
    for (name, entry) in entries where modelWatches.hasMoved(entry.described) {
      moves[name] = try? await store.history(of: name)
    }
    for (name, entry) in entries {
      modelWatches.notify(entry.described, rollout: entry.latestRollout, moves: moves[name] ?? [])
    }
  }

  /// Nothing is served any more: watches are told, and end.
  func drain() async {
    isDraining = true
    healthWatches.notify { serving($0) }
    healthWatches.end()
    modelWatches.end()
    await giveUpOwnership()
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
}

extension WireStatus {
  static func unknownAlias(_ alias: String, of model: V1.Model) -> WireStatus {
    let known = model.aliases.map(\.alias).joined(separator: ", ")
    return WireStatus(
      .notFound, "model \(model.name) has no alias \(alias), expected one of: \(known.isEmpty ? "none" : known)")
  }
}
