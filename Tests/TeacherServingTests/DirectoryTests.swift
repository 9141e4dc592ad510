import Crypto
import Logging
import Neural
import Synchronization
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// The calls that look at and change what is served.
@Suite final class DirectoryTests: Sendable {
  private let store = MemoryStore()
  private let seen = Mutex<[Catalogue]>([])

  private func start(settings: ServingSettings = .defaults) async throws -> TeacherDirectory {
    let directory = TeacherDirectory(
      store: store, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await directory.start { catalogue in self.seen.withLock { $0.append(catalogue) } }
    return directory
  }

  private func header(_ artefact: [UInt8], model: String = "m") -> V1.PublishHeader {
    V1.PublishHeader(
      model: model, artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact)))
  }

  @discardableResult
  private func publish(_ directory: TeacherDirectory, seed: UInt8, model: String = "m") async throws -> UInt64 {
    let artefact = MemoryStore.artefact(seed: seed)
    let body = try await directory.answer(.publish(header(artefact, model: model), artefact: artefact), who: "test")
    guard case .publishReply(let reply) = body else { return 0 }
    return reply.version
  }

  private func move(_ directory: TeacherDirectory, _ alias: String, to version: UInt64) async throws -> V1.AliasReply? {
    let body = try await directory.answer(
      .alias(V1.AliasRequest(model: "m", alias: alias, version: version)), who: "test")
    if case .aliasReply(let reply) = body { return reply }
    return nil
  }

  private var latest: Catalogue.Model? { seen.withLock { $0.last?.models.first } }

  @Test("The first publish makes `stable`; the next is loaded and moves nothing")
  func publishing() async throws {
    let directory = try await start()
    #expect(try await publish(directory, seed: 1) == 1)
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 1)])
    #expect(try await publish(directory, seed: 2) == 2)
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 1)])
    #expect(latest?.loaded.map(\.number) == [1, 2])
  }

  @Test("An artefact whose SHA-256 is not the header's never reaches the store")
  func wrongHash() async throws {
    let directory = try await start()
    let artefact = MemoryStore.artefact(seed: 1)
    var header = header(artefact)
    header.sha256[0] ^= 1
    let error = await #expect(throws: WireStatus.self) {
      try await directory.answer(.publish(header, artefact: artefact), who: "test")
    }
    #expect(error?.code == .dataLoss)
    #expect(store.publishes == 0)
  }

  @Test("What another program stores is loaded, and its aliases are served, before the next call is answered")
  func foreignChange() async throws {
    let directory = try await start()
    try await publish(directory, seed: 1)
    let catalogues = seen.withLock(\.count)
    store.changeFromOutside { models in
      models[0].versions.append(V1.Version(number: 2, createdMicroseconds: 2))
      models[0].aliases = [V1.AliasTarget(alias: "stable", version: 2)]
    }
    let answer = try await directory.answer(.listModels, who: "test")
    guard case .listModelsReply(let reply) = answer else { Issue.record("\(answer)"); return }
    #expect(reply.models[0].versions.map(\.state) == [.loaded, .loaded])
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 2)])
    #expect(latest?.loaded.map(\.number) == [1, 2])
    try await directory.refresh()
    #expect(seen.withLock(\.count) == catalogues + 1, "nothing is distributed where nothing has changed")
  }

  @Test("An alias that another program moves to a version that cannot be loaded goes on where it led, until it can")
  func foreignMoveToBrokenVersion() async throws {
    var settings = ServingSettings.defaults
    settings.newestVersionsLoaded = 1
    settings.versionsLoadedMax = 1
    let log = RecordingLog()
    let directory = TeacherDirectory(store: store, settings: settings, logger: log.logger)
    try await directory.start { catalogue in self.seen.withLock { $0.append(catalogue) } }
    try await publish(directory, seed: 1)
    store.breakVersion(2)
    store.changeFromOutside { models in
      models[0].versions += [
        V1.Version(number: 2, createdMicroseconds: 2), V1.Version(number: 3, createdMicroseconds: 3),
      ]
      models[0].aliases = [
        V1.AliasTarget(alias: "beta", version: 2), V1.AliasTarget(alias: "next", version: 3),
        V1.AliasTarget(alias: "stable", version: 2),
      ]
    }
    try await directory.refresh()
    #expect(
      latest?.aliases == [
        V1.AliasTarget(alias: "beta", version: 2), V1.AliasTarget(alias: "next", version: 3),
        V1.AliasTarget(alias: "stable", version: 1),
      ], "beta led nowhere before, and next can be loaded")
    #expect(latest?.loaded.map(\.number) == [1, 3], "the old target makes no room")
    let said = "alias stable of model m stays at version 1: version 2, where the registry points it, is not loaded"
    #expect(log.all.contains { $0.level == .error && $0.message == said })
    guard
      case .describeReply(let reply) = try await directory.answer(.describe(V1.DescribeRequest(model: "m")), who: "")
    else {
      Issue.record("no description")
      return
    }
    #expect(reply.version?.number == 1 && reply.model?.aliases.last == V1.AliasTarget(alias: "stable", version: 1))
    #expect(reply.model?.versions[1].state == .failed && reply.model?.versions[1].failure.contains("corrupted") == true)
    // A move of another alias does not lose it.
    _ = try await move(directory, "next", to: 0)
    #expect(latest?.aliases.last == V1.AliasTarget(alias: "stable", version: 1))
    store.mendVersion(2)
    store.changeFromOutside { _ in }
    try await directory.refresh()
    #expect(latest?.aliases.last == V1.AliasTarget(alias: "stable", version: 2))
  }

  @Test("A version that another program removes is not described, answers while it is loaded, and makes room first")
  func removedVersion() async throws {
    var settings = ServingSettings.defaults
    settings.versionsLoadedMax = 3
    let directory = try await start(settings: settings)
    for seed in 1...3 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    store.changeFromOutside { models in models[0].versions.remove(at: 2) }
    let error = await #expect(throws: WireStatus.self) {
      try await directory.answer(.describe(V1.DescribeRequest(model: "m", version: 3)), who: "test")
    }
    #expect(error == WireStatus(.notFound, "model m has no version 3, expected one of: 1, 2"))
    #expect(latest?.stored == [1, 2] && latest?.loaded.map(\.number) == [1, 2, 3])
    store.changeFromOutside { models in models[0].versions.append(V1.Version(number: 4, createdMicroseconds: 4)) }
    try await directory.refresh()
    #expect(latest?.loaded.map(\.number) == [1, 2, 4])
  }

  @Test("A publish that the store refuses changes nothing that is served")
  func refusedPublish() async throws {
    let directory = try await start()
    await #expect(throws: WireStatus.self) { try await publish(directory, seed: 0) }
    #expect(latest == nil)
    #expect(try await publish(directory, seed: 1) == 1)
  }

  @Test("An alias moves to a version that is there, and only then is it seen")
  func aliases() async throws {
    let directory = try await start()
    try await publish(directory, seed: 1)
    try await publish(directory, seed: 2)
    #expect(try await move(directory, "stable", to: 2) == V1.AliasReply(from: 1, to: 2))
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 2)])
    let error = await #expect(throws: WireStatus.self) { try await move(directory, "stable", to: 5) }
    #expect(error == WireStatus(.notFound, "model m has no version 5, expected one of: 1, 2"))
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 2)])
    #expect(store.stored.first?.aliases == [V1.AliasTarget(alias: "stable", version: 2)])
  }

  @Test("A reason that histories would repeat for ever has a longest length")
  func longReason() async throws {
    let directory = try await start()
    try await publish(directory, seed: 1)
    for (bytes, isTaken) in [(4096, true), (4097, false)] {
      let request = V1.AliasRequest(
        model: "m", alias: "canary", version: 1, reason: String(repeating: "x", count: bytes))
      let reply = try? await directory.answer(.alias(request), who: "test")
      #expect((reply != nil) == isTaken)
    }
    #expect(store.stored[0].aliases.count == 2)
  }

  @Test("An alias does not move to a version that cannot be loaded")
  func brokenVersion() async throws {
    var directory = try await start()
    for seed in 1...4 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    store.breakVersion(1)
    store.breakVersion(2)
    directory = try await start()
    let error = await #expect(throws: WireStatus.self) { try await move(directory, "stable", to: 2) }
    #expect(error?.code == .dataLoss)
    #expect(store.stored.first?.aliases == [V1.AliasTarget(alias: "stable", version: 1)])
  }

  @Test("A start loads what aliases point to and the newest; one broken version stops none of the others")
  func starting() async throws {
    var directory = try await start()
    for seed in 1...6 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    _ = try await move(directory, "old", to: 3)
    store.breakVersion(5)
    directory = try await start()
    #expect(latest?.loaded.map(\.number) == [1, 3, 6])
    guard case .listModelsReply(let list) = try await directory.answer(.listModels, who: "test") else {
      Issue.record("no list")
      return
    }
    let states: [V1.VersionState] = [.loaded, .stored, .loaded, .stored, .failed, .loaded]
    #expect(list.models.first?.versions.map(\.state) == states)
    #expect(list.models.first?.versions[4].failure.contains("corrupted") == true)
  }

  @Test("Describing a stored version loads it")
  func describing() async throws {
    var directory = try await start()
    for seed in 1...5 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    directory = try await start()
    #expect(latest?.loaded.map(\.number) == [1, 4, 5])
    let body = try await directory.answer(.describe(V1.DescribeRequest(model: "m", version: 2)), who: "test")
    guard case .describeReply(let reply) = body else {
      Issue.record("no description")
      return
    }
    #expect(reply.version?.number == 2 && reply.version?.state == .loaded)
    #expect(latest?.loaded.map(\.number) == [1, 2, 4, 5])
  }

  @Test("Beyond the bound the oldest version without an alias makes room")
  func makingRoom() async throws {
    var settings = ServingSettings.defaults
    settings.newestVersionsLoaded = 1
    settings.versionsLoadedMax = 2
    let directory = try await start(settings: settings)
    for seed in 1...4 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    #expect(latest?.loaded.map(\.number) == [1, 4])
  }

  @Test("Who may only query loads a stored version by describing it while there is room, and pushes out none")
  func describingWithoutRoom() async throws {
    var settings = ServingSettings.defaults
    settings.newestVersionsLoaded = 1
    var directory = try await start(settings: settings)
    for seed in 1...5 as ClosedRange<UInt8> { try await publish(directory, seed: seed) }
    settings.versionsLoadedMax = 3
    directory = try await start(settings: settings)
    #expect(latest?.loaded.map(\.number) == [1, 5])
    func describe(_ version: UInt64, _ scopes: Scopes) async throws -> V1.VersionState? {
      let request = ServerRequest.describe(V1.DescribeRequest(model: "m", version: version))
      let body = try await directory.answer(request, who: "test", scopes: scopes)
      return if case .describeReply(let reply) = body { reply.version?.state } else { nil }
    }
    #expect(try await describe(4, .query) == .loaded)
    let refusal = await #expect(throws: WireStatus.self) { try await describe(3, [.query, .publish]) }
    #expect(refusal?.code == .resourceExhausted && refusal?.message.contains("scope operate") == true)
    #expect(latest?.loaded.map(\.number) == [1, 4, 5])
    #expect(try await describe(4, .query) == .loaded, "what is loaded is described")
    #expect(try await describe(3, [.query, .operate]) == .loaded)
    #expect(latest?.loaded.map(\.number) == [1, 3, 5])
  }

  @Test("A connection's scopes are what a description is answered by")
  func describersScopes() async throws {
    struct QueryGate: Gatekeeper {
      func access(token: String) throws(WireStatus) -> Access { Access(scopes: token == "operator" ? .all : .query) }
      func stillGrants(_ access: Access) -> Bool { true }
    }
    for seed in 1...3 as ClosedRange<UInt8> { try await publish(try await start(), seed: seed) }
    var settings = ServingSettings.defaults
    (settings.newestVersionsLoaded, settings.versionsLoadedMax) = (1, 2)
    try await LocalService.run(store, settings: settings, gate: QueryGate()) { server in
      for (token, isLoaded) in [("", false), ("operator", true)] {
        let session = try await RawSession.greet(server.addresses[0], token: token)
        _ = await session.next()
        let body = try await session.ask(1, .describe(V1.DescribeRequest(model: "m", version: 2)))
        if case .describeReply? = body { #expect(isLoaded) } else { #expect(!isLoaded, "\(String(describing: body))") }
      }
    }
  }

  @Test("A version that does not fit into the memory is refused with the bytes, and what is served goes on")
  func memory() async throws {
    let bytes = try Policies.make(seed: 1).bytes
    var settings = ServingSettings.defaults
    settings.memoryMax = 2 * bytes + bytes / 2
    settings.newestVersionsLoaded = 1
    var directory = try await start(settings: settings)
    for seed in 1...3 as ClosedRange<UInt8> { #expect(try await publish(directory, seed: seed) == UInt64(seed)) }
    #expect(latest?.loaded.map(\.number) == [1, 2], "the third is stored")
    let expected = WireStatus(
      .resourceExhausted,
      "version 3 of model m takes \(bytes) bytes of memory beside the \(2 * bytes) of the versions that are loaded, "
        + "expected at most \(2 * bytes + bytes / 2) together")
    #expect(await #expect(throws: WireStatus.self) { try await move(directory, "stable", to: 3) } == expected)
    let describe = ServerRequest.describe(V1.DescribeRequest(model: "m", version: 3))
    #expect(await #expect(throws: WireStatus.self) { try await directory.answer(describe, who: "test") } == expected)
    #expect(latest?.loaded.map(\.number) == [1, 2])
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 1)])
    guard case .listModelsReply(let list) = try await directory.answer(.listModels, who: "test") else {
      Issue.record("no list")
      return
    }
    #expect(list.models.first?.versions.map(\.state) == [.loaded, .loaded, .stored])
    // What is not loaded any more makes room, here by a start.
    directory = try await start(settings: settings)
    #expect(latest?.loaded.map(\.number) == [1, 3])
    _ = try await move(directory, "stable", to: 3)
    #expect(latest?.aliases == [V1.AliasTarget(alias: "stable", version: 3)])
  }

  @Test("Health: the service, a served model, an unknown one")
  func health() async throws {
    let directory = try await start()
    try await publish(directory, seed: 1)
    func health(_ model: String) async throws -> V1.Body {
      try await directory.answer(.health(V1.HealthRequest(model: model)), who: "test")
    }
    #expect(try await health("") == .healthReply(V1.HealthReply(serving: .serving)))
    #expect(try await health("m") == .healthReply(V1.HealthReply(serving: .serving)))
    let error = await #expect(throws: WireStatus.self) { try await health("x") }
    #expect(error == WireStatus(.notFound, "no model x (served: m)"))
    _ = try await move(directory, "stable", to: 0)
    #expect(try await health("m") == .healthReply(V1.HealthReply(serving: .notServing)))
  }

  @Test("Publishes at once are one after the other, each with a number of its own")
  func concurrentPublishes() async throws {
    let directory = try await start()
    let numbers = try await withThrowingTaskGroup(of: UInt64.self) { group in
      for seed in 1...8 as ClosedRange<UInt8> {
        group.addTask { try await self.publish(directory, seed: seed) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(numbers.sorted() == Array(1...8))
    #expect(latest?.loaded.map(\.number) == Array(1...8))
  }

  @Test("History and verification are the store's, for models that are there")
  func history() async throws {
    let directory = try await start()
    try await publish(directory, seed: 1)
    _ = try await move(directory, "beta", to: 1)
    let body = try await directory.answer(.history(V1.HistoryRequest(model: "m")), who: "test")
    #expect(
      body == .historyReply(V1.HistoryReply(changes: [V1.AliasChange(alias: "beta", from: 0, to: 1, who: "test")])))
    await #expect(throws: WireStatus.self) {
      try await directory.answer(.history(V1.HistoryRequest(model: "x")), who: "test")
    }
    store.breakVersion(1)
    let verified = try await directory.answer(.verify(V1.VerifyRequest()), who: "test")
    #expect(
      verified
        == .verifyReply(
          V1.VerifyReply(results: [V1.VerifyResult(model: "m", version: 1, ok: false, problem: "corrupted")])))
  }
}
