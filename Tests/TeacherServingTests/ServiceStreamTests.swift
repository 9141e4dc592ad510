import Crypto
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// Answers in parts, of a whole service on real sockets: health watches and fetches.
@Suite(.timeLimit(.minutes(1))) struct ServiceStreamTests {
  private let store = MemoryStore()

  private func publish(_ seed: UInt8, model: String = "m", bytes: Int = 40, on session: RawSession, call: UInt32)
    async throws -> [UInt8]
  {
    let artefact = MemoryStore.artefact(seed: seed, bytes: bytes)
    try await session.send(
      V1.Frame(
        call: call,
        .publish(
          V1.PublishHeader(
            model: model, artefactBytes: UInt64(bytes), sha256: Array(SHA256.hash(data: artefact))))))
    for start in stride(from: 0, to: bytes, by: WireLimits.chunkBytesMax) {
      let data = Array(artefact[start..<min(start + WireLimits.chunkBytesMax, bytes)])
      try await session.send(V1.Frame(call: call, .chunk(V1.Chunk(offset: UInt64(start), data: data))))
    }
    guard case .publishReply = await session.next()?.body else { throw WireStatus(.unknown, "not published") }
    return artefact
  }

  private func greet(_ server: TeacherServer, reads: Bool = true) async throws -> RawSession {
    let session = try await RawSession.greet(server.addresses[0], reads: reads)
    if reads { _ = await session.next() }
    return session
  }

  private func serving(_ frame: V1.Frame?) -> V1.Serving? {
    if case .healthReply(let reply) = frame?.body { reply.serving } else { nil }
  }

  // MARK: Health

  @Test("A watch says what holds, then every change: published, alias removed and made again, and the end")
  func watch() async throws {
    try await LocalService.run(store) { server in
      let (watcher, changer) = (try await greet(server), try await greet(server))
      let watch = { (model: String) in V1.Body.health(V1.HealthRequest(model: model, watch: true)) }
      try await watcher.send(V1.Frame(call: 1, watch("m")))
      #expect(serving(await watcher.next()) == .serviceUnknown)
      _ = try await publish(1, on: changer, call: 1)
      #expect(serving(await watcher.next()) == .serving)
      // Nothing that does not change it is said: another version, another model, another alias.
      _ = try await publish(2, on: changer, call: 2)
      _ = try await publish(3, model: "other", on: changer, call: 3)
      for (call, alias, version) in [(4, "beta", 1), (5, "stable", 0), (6, "stable", 2)] as [(UInt32, String, UInt64)] {
        let request = V1.AliasRequest(model: "m", alias: alias, version: version)
        guard case .aliasReply = try await changer.ask(call, .alias(request)) else { throw CancellationError() }
        if version != 1 { #expect(serving(await watcher.next()) == (version == 0 ? .notServing : .serving)) }
      }
      try await watcher.send(V1.Frame(call: 2, watch("")))
      #expect(await watcher.next() == V1.Frame(call: 2, .healthReply(V1.HealthReply(serving: .serving))))
      // Given up, it ends at once and says no more.
      try await watcher.send(V1.Frame(call: 1, .cancel))
      let end = await watcher.next()
      #expect(end?.call == 1 && end?.body.status?.code == .cancelled)
      _ = try await changer.ask(7, .alias(V1.AliasRequest(model: "m", alias: "stable")))
      #expect(try await watcher.ask(3, .health(V1.HealthRequest(model: "x")))?.status?.code == .notFound)

      await server.drain(within: .seconds(20))
      let last = await watcher.rest()
      #expect(last.contains(V1.Frame(call: 2, .healthReply(V1.HealthReply(serving: .notServing)))))
      #expect(last.last { $0.call == 2 }?.body.status?.code == .unavailable)
      #expect(last.contains { if case .goAway = $0.body { $0.call == 0 } else { false } })
      #expect(!last.contains { $0.call == 1 })
    }
  }

  @Test("A watch does not keep a connection whose frame was refused")
  func watchOfRefused() async throws {
    try await LocalService.run(store) { server in
      let session = try await greet(server)
      _ = try await session.ask(1, .health(V1.HealthRequest(watch: true)))
      try await session.send(bytes: [8, 0, 0, 0, 0])
      let last = await session.rest()
      #expect(last.first { $0.call == 1 }?.body.status?.code == .unavailable)
      try await LocalService.untilIdle(server)
    }
  }

  // MARK: Fetch

  @Test("An artefact comes back as it was published, in chunks in their order")
  func fetch() async throws {
    try await LocalService.run(store) { server in
      let session = try await greet(server)
      let artefact = try await publish(7, bytes: 1_000_003, on: session, call: 1)
      try await session.send(V1.Frame(call: 2, .fetch(V1.FetchRequest(model: "m"))))
      guard case .fetchHeader(let header) = await session.next()?.body else {
        Issue.record("no header")
        return
      }
      #expect(header.version == 1 && header.artefactBytes == 1_000_003)
      var bytes: [UInt8] = []
      while bytes.count < artefact.count, case .chunk(let chunk) = await session.next()?.body {
        #expect(chunk.offset == UInt64(bytes.count) && chunk.data.count <= WireLimits.chunkBytesMax)
        bytes += chunk.data
      }
      #expect((bytes == artefact) as Bool)
      #expect(Array(SHA256.hash(data: bytes)) == header.sha256)
      // The call is over, and the connection goes on.
      #expect(try await session.ask(3, .fetch(V1.FetchRequest(model: "m", version: 2)))?.status?.code == .notFound)
    }
  }

  @Test("A reader that does not read is sent no more than its socket holds; it then gets all of it")
  func slowReader() async throws {
    try await LocalService.run(store) { server in
      let publisher = try await greet(server)
      let bytes = 40 << 20
      _ = try await publish(7, bytes: bytes, on: publisher, call: 1)
      let reader = try await greet(server, reads: false)
      try await reader.send(V1.Frame(call: 1, .fetch(V1.FetchRequest(model: "m"))))
      // The service goes on asking its store for pieces until the socket is full: then no more.
      var read = -1
      while store.piecesRead != read || read < 1 {
        read = store.piecesRead
        for call in 10..<200 as Range<UInt32> {
          _ = try await publisher.ask(call + UInt32(read) * 1000, .health(V1.HealthRequest()))
        }
      }
      #expect(read * 100_000 < bytes / 2, "both sockets' buffers are some megabytes")
      try await reader.read()
      var received = 0
      while received < bytes, let frame = await reader.next() {
        if case .chunk(let chunk) = frame.body { received += chunk.data.count }
      }
      #expect(received == bytes)
    }
  }

  @Test("A corrupted artefact is DATA_LOSS, and sends nothing of it")
  func dataLoss() async throws {
    try await LocalService.run(store) { server in
      let session = try await greet(server)
      _ = try await publish(7, bytes: 300_000, on: session, call: 1)
      store.breakVersion(1)
      #expect(try await session.ask(2, .fetch(V1.FetchRequest(model: "m")))?.status?.code == .dataLoss)
      #expect(try await session.ask(3, .health(V1.HealthRequest())) == .healthReply(V1.HealthReply(serving: .serving)))
    }
  }

  @Test("A fetch that is given up, or whose client goes, ends in its middle")
  func fetchGivenUp() async throws {
    try await LocalService.run(store) { server in
      let publisher = try await greet(server)
      _ = try await publish(7, bytes: 40 << 20, on: publisher, call: 1)
      let reader = try await greet(server, reads: false)
      try await reader.send(
        V1.Frame(call: 1, .fetch(V1.FetchRequest(model: "m"))), V1.Frame(call: 1, .cancel),
        V1.Frame(call: 2, .health(V1.HealthRequest())))
      try await reader.read()
      let frames = await Self.until(2, reader)
      #expect(frames.last { $0.call == 1 }?.body.status?.code == .cancelled)
      let gone = try await greet(server, reads: false)
      try await gone.send(V1.Frame(call: 1, .fetch(V1.FetchRequest(model: "m"))))
      while store.piecesRead == 0 { try await pause() }
      await gone.reset()
      await reader.close()
      await publisher.close()
      try await LocalService.untilIdle(server)
    }
  }

  private static func until(_ call: UInt32, _ session: RawSession) async -> [V1.Frame] {
    var frames: [V1.Frame] = []
    while frames.last?.call != call, let frame = await session.next() { frames.append(frame) }
    return frames
  }
}
