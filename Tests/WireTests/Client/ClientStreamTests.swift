import Crypto
import Testing

@testable import Wire

/// Watches and fetches over real sockets.
@Suite("A client's streams", .timeLimit(.minutes(1)))
struct ClientStreamTests {
  private var configuration: ClientConfiguration {
    var configuration = ClientConfiguration.defaults
    configuration.reconnect = Backoff(initial: .milliseconds(1))
    configuration.retries.backoff = Backoff(initial: .milliseconds(1))
    return configuration
  }

  private let watch = V1.Frame(call: 1, .health(V1.HealthRequest(model: "m", watch: true)))

  // MARK: Watching health

  @Test("A watch says what is and every change, over a lost connection too, and its end is told the server")
  func watching() async throws {
    try await ScriptedTeacher.run { [watch] session in
      try await session.welcome()
      #expect(try await session.read() == watch)
      try await session.write(.healthReply(1, .serviceUnknown), .healthReply(1, .serving))
    } then: { [watch] session in
      try await session.welcome()
      #expect(try await session.read() == watch)
      try await session.write(.healthReply(1, .serving), .healthReply(1, .notServing))
      #expect(try await session.read() == V1.Frame(call: 1, .cancel))
      // A change that was on its way is nobody's.
      try await session.write(.healthReply(1, .serving))
      try await session.write(.healthReply(try await session.read().call, .serving))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      var seen: [V1.Serving] = []
      for try await serving in client.watchHealth(model: "m") {
        seen.append(serving)
        if serving == .notServing { break }
      }
      #expect(seen == [.serviceUnknown, .serving, .notServing])
      #expect(try await client.health() == .serving)
      await client.close()
    }
  }

  @Test("A cancelled task ends its watch, at the server too")
  func cancellation() async throws {
    try await ScriptedTeacher.run { [watch] session in
      try await session.welcome()
      #expect(try await session.read() == watch)
      try await session.write(.healthReply(1))
      #expect(try await session.read() == V1.Frame(call: 1, .cancel))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      let first = Handoff<V1.Serving>()
      let watching = Task { for try await serving in client.watchHealth(model: "m") { first.set(serving) } }
      #expect(await first.value == .serving)
      watching.cancel()
      let status = await #expect(throws: WireStatus.self) { try await watching.value }
      #expect(status?.code == .cancelled)
      await client.close()
    }
  }

  @Test("A watch that the server refuses ends with its words; closing the client ends one too")
  func refusedWatch() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await session.read()
      try await session.write(.status(1, .unimplemented, "no watch here"))
      _ = try await session.read()
      try await session.write(.healthReply(2))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      await #expect(throws: WireStatus(.unimplemented, "no watch here")) {
        for try await _ in client.watchHealth() {}
      }
      var watch = client.watchHealth().makeAsyncIterator()
      #expect(try await watch.next() == .serving)
      await client.close()
      await #expect(throws: WireStatus.clientClosed) { try await watch.next() }
    }
  }

  // MARK: Fetching

  private static let artefact = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private static func header(bytes: Int = artefact.count) -> V1.Frame {
    V1.Frame(
      call: 1,
      .fetchHeader(
        V1.FetchHeader(version: 3, artefactBytes: UInt64(bytes), sha256: Array(SHA256.hash(data: artefact)))))
  }

  private static func chunks(of artefact: [UInt8] = artefact) -> [V1.Frame] {
    stride(from: 0, to: artefact.count, by: 65536).map { start in
      let data = Array(artefact[start..<min(start + 65536, artefact.count)])
      return V1.Frame(call: 1, .chunk(V1.Chunk(offset: UInt64(start), data: data)))
    }
  }

  /// Fetches from a teacher that answers with these frames.
  private func fetch(_ frames: [V1.Frame], _ configuration: ClientConfiguration) async throws -> FetchedArtefact {
    let outcome = Handoff<Result<FetchedArtefact, any Error>>()
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      let request = V1.FetchRequest(model: "m", alias: "canary")
      #expect(try await session.read() == V1.Frame(call: 1, .fetch(request)))
      for frame in frames { try await session.write(frame) }
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      do {
        outcome.set(.success(try await client.fetch(model: "m", alias: "canary")))
      } catch {
        outcome.set(.failure(error))
      }
      await client.close()
    }
    return try await outcome.value.get()
  }

  @Test("An artefact is fetched on a connection of its own")
  func fetching() async throws {
    let fetched = try await fetch([Self.header()] + Self.chunks(), configuration)
    #expect(fetched.bytes == Self.artefact)
    #expect(fetched.header.version == 3)
  }

  @Test("An artefact that is not what its header says is DATA_LOSS")
  func damage() async throws {
    var flipped = Self.artefact
    flipped[70_000] ^= 1
    let chunks = Self.chunks()
    let rows: [(frames: [V1.Frame], words: String)] = [
      ([Self.header()] + Self.chunks(of: flipped), "has SHA-256"),
      ([Self.header()] + [chunks[0], chunks[2]], "a chunk at offset 131072, expected 65536"),
      ([Self.header(bytes: 100_000)] + chunks, "expected 100000 as the header announced"),
      ([Self.header(bytes: 0)], "0 bytes"),
    ]
    for (frames, words) in rows {
      let status = await #expect(throws: WireStatus.self) { try await fetch(frames, configuration) }
      #expect(status?.code == .dataLoss && status?.message.contains(words) == true, "\(status?.message ?? "")")
    }
  }

  @Test("An artefact larger than the client is configured for is not fetched, and a server's refusal is passed on")
  func refusals() async throws {
    var small = configuration
    small.artefactBytesMax = 100_000
    let large = await #expect(throws: WireStatus.self) { try await fetch([Self.header()], small) }
    #expect(large?.code == .failedPrecondition && large?.message.contains("at most 100000") == true)
    await #expect(throws: WireStatus(.notFound, "no model m")) {
      try await fetch([.status(1, .notFound, "no model m")], configuration)
    }
    let wrong = await #expect(throws: WireStatus.self) { try await fetch([.healthReply(1)], configuration) }
    #expect(wrong?.code == .internalError)
  }

  @Test("A fetch whose connection is lost halfway begins anew on another")
  func lostFetch() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      _ = try await session.read()
      try await session.write(Self.header())
      try await session.write(Self.chunks()[0])
    } then: { session in
      try await session.welcome()
      _ = try await session.read()
      for frame in [Self.header()] + Self.chunks() { try await session.write(frame) }
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      #expect(try await client.fetch(model: "m").bytes == Self.artefact)
      await client.close()
    }
  }

  @Test("A publish that the server does not read ends with its task")
  func stalledPublish() async throws {
    let begun = Handoff<Void>()
    let ended = Handoff<Void>()
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      _ = try await session.read()
      begun.set(())
      // NIO reads a few frames ahead, and then no more.
      await ended.value
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      let publish = Task {
        try await client.publish(V1.PublishHeader(model: "m"), artefact: [UInt8](repeating: 0, count: 16 << 20))
      }
      await begun.value
      publish.cancel()
      let status = await #expect(throws: WireStatus.self) { try await publish.value }
      #expect(status?.code == .cancelled)
      ended.set(())
      await client.close()
    }
  }
}
