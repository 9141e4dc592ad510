import Crypto
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TeacherServing
import TestSupport
import Testing
import Wire

/// The whole service on real sockets.
@Suite struct LoopbackTests {
  private let store = MemoryStore()
  private static let hello = V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "raw")))

  private func serve(
    eventLoops: Int = 1, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: (TeacherServer) async throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: eventLoops)
    let server = try await TeacherServer.start(
      store: store, group: group, entrance: TeacherServer.Entrance([.tcp(host: "127.0.0.1", port: 0)]), logger: logger)
    do {
      try await body(server)
    } catch {
      await server.drain(within: .seconds(0))
      try await group.shutdownGracefully()
      throw error
    }
    await server.drain(within: .seconds(20))
    try await group.shutdownGracefully()
  }

  private func header(_ artefact: [UInt8]) -> V1.PublishHeader {
    V1.PublishHeader(
      model: "m", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact)))
  }

  private func publish(_ seed: UInt8, _ client: TeacherClient) async throws {
    let artefact = MemoryStore.artefact(seed: seed, bytes: 100_000)
    _ = try await client.publish(header(artefact), artefact: artefact)
  }

  private func connect(_ server: TeacherServer) async throws -> TeacherClient {
    try await TeacherClient.connect(to: "127.0.0.1:\(server.addresses[0].port ?? 0)")
  }

  @Test("Publish, describe, query, move the alias, and the query's version follows")
  func wholeLife() async throws {
    try await serve(eventLoops: 2) { server in
      let client = try await connect(server)
      try await publish(1, client)
      try await publish(2, client)
      #expect(try await client.describe(model: "m").version?.number == 1)
      let observations: [Float] = [1, 2, 3, 4]
      for version in [1, 2] as [UInt64] {
        let reply = try await client.infer(query(observations))
        let expected = Policies.answers(try Policies.make(seed: version), observations)
        #expect(reply.version == version && reply.outputs == expected.outputs && reply.values == expected.values)
        _ = try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 2))
      }
      #expect(try await client.history(model: "m").map(\.to) == [2, 2])
      await client.close()
    }
  }

  @Test("A version is swapped under load and no query fails; every reply is wholly its version's")
  func swapUnderLoad() async throws {
    try await serve(eventLoops: 2) { server in
      let operatorClient = try await connect(server)
      try await publish(1, operatorClient)
      try await publish(2, operatorClient)
      let observations: [Float] = [0.1, 0.2, -0.3, 0.4, 3, -2, 1, 0]
      let expected = try [1, 2].map { Policies.answers(try Policies.make(seed: $0), observations).outputs }
      let load = Load()
      try await withThrowingTaskGroup(of: Set<UInt64>.self) { group in
        for _ in 0..<4 {
          let client = try await connect(server)
          group.addTask {
            var versions: Set<UInt64> = []
            while !load.isOver.load(ordering: .relaxed) {
              let reply = try await client.infer(query(observations))
              #expect(reply.outputs == expected[Int(reply.version) - 1])
              versions.insert(reply.version)
              load.answered.wrappingAdd(1, ordering: .relaxed)
            }
            await client.close()
            return versions
          }
        }
        for swap in 0..<20 {
          let before = load.answered.load(ordering: .relaxed)
          while load.answered.load(ordering: .relaxed) < before + 20 { await Task.yield() }
          let version: UInt64 = swap % 2 == 0 ? 2 : 1
          let request = V1.AliasRequest(model: "m", alias: "stable", version: version)
          #expect(try await operatorClient.alias(request).to == version)
          // What was acknowledged is seen by whoever asks from now on.
          #expect(try await operatorClient.infer(query(observations)).version == version)
        }
        load.isOver.store(true, ordering: .relaxed)
        for try await versions in group { #expect(versions == [1, 2]) }
      }
      await operatorClient.close()
    }
  }

  @Test("A publish cut off at any byte leaves the store as it was")
  func publishCutAnywhere() async throws {
    try await serve { server in
      let artefact = MemoryStore.artefact(seed: 1, bytes: 60)
      let session = RawConnection.bytes(
        Self.hello, V1.Frame(call: 1, .publish(header(artefact))),
        V1.Frame(call: 1, .chunk(V1.Chunk(offset: 0, data: Array(artefact[..<40])))),
        V1.Frame(call: 1, .chunk(V1.Chunk(offset: 40, data: Array(artefact[40...])))))
      for cut in 0..<session.count {
        _ = try await RawConnection.say(Array(session[..<cut]), to: server.addresses[0])
      }
      #expect(store.publishes == 0 && store.stored.isEmpty)
      // Whole, it is stored, whether its client waits for the answer or not.
      let client = try await connect(server)
      try await publish(1, client)
      #expect(store.publishes == 1)
      await client.close()
    }
  }

  @Test("Bad frames cost their own connection and no other")
  func badFrames() async throws {
    try await serve { server in
      let client = try await connect(server)
      try await publish(1, client)
      for (bad, code) in [
        ([8, 0, 0, 0, 0], .internalError), ([1, 0, 0, 0, 0], .internalError),
        ([0, 0xff, 0xff, 0xff, 0xff], .resourceExhausted), ([0, 0, 0, 0, 2, 0x12, 0x7f], .internalError),
      ] as [([UInt8], WireStatus.Code)] {
        // With much more behind it, none of which is read.
        let bytes = RawConnection.bytes(Self.hello) + bad + [UInt8](repeating: 0, count: 100_000)
        let answer = try RawConnection.frames(
          try await RawConnection.say(bytes, to: server.addresses[0], ending: false))
        #expect(answer.count == 2)
        if case .goAway(let goAway) = answer.last?.body {
          #expect(goAway.status.code == code)
        } else {
          Issue.record("no GoAway for \(bad)")
        }
        #expect(try await client.infer(query([1, 2, 3, 4])).version == 1)
      }
      await client.close()
    }
  }

  @Test("HTTP and TLS on the port are closed, with one line that says what they look like")
  func strangers() async throws {
    let log = RecordingLog()
    try await serve(logger: log.logger) { server in
      let cases: [([UInt8], String)] = [
        (Array("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), "HTTP"),
        (Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), "HTTP/2"),
        ([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03], "TLS"),
      ]
      for (bytes, name) in cases {
        let answer = try await RawConnection.say(bytes, to: server.addresses[0], ending: false)
        #expect(answer.isEmpty)
        #expect(log.lines.filter { $0.contains("looks like \(name)") }.count >= 1)
      }
    }
    #expect(log.lines.filter { $0.contains("looks like") }.count == 3)
  }

  @Test("Draining ends with every client told")
  func draining() async throws {
    try await serve { server in
      let client = try await connect(server)
      try await publish(1, client)
      _ = try await client.infer(query([1, 2, 3, 4]))
      await server.drain(within: .seconds(20))
      await #expect(throws: WireStatus.self) { _ = try await client.infer(query([1, 2, 3, 4])) }
    }
  }
}

/// What the clients of a load and their test tell each other.
private final class Load: Sendable {
  let isOver = Atomic(false)
  let answered = Atomic(0)
}
