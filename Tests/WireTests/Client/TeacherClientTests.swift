import NIOCore
import NIOPosix
import Testing

@testable import Wire

/// The client over real sockets, against a scripted teacher.
@Suite("The teacher's client", .timeLimit(.minutes(1)))
struct TeacherClientTests {
  /// No call is asked twice, and a lost connection is made again at once.
  private var once: ClientConfiguration {
    var configuration = ClientConfiguration.defaults
    configuration.retries.attempts = 1
    return configuration
  }

  @Test("Replies in any order reach their queries")
  func pipelining() async throws {
    try await ScriptedTeacher.run { session in
      let hello = try await session.welcome()
      #expect(hello.client == "walker" && hello.token == "t")
      let queries = try await session.read(3)
      #expect(queries.map(\.call) == [1, 2, 3])
      #expect(queries.allSatisfy { $0.query.model == "m" && $0.query.version == 0 && $0.query.alias == "canary" })
      for frame in queries.reversed() { try await session.write(frame.reply(version: 7)) }
    } body: { teacher in
      var configuration = ClientConfiguration.defaults
      configuration.name = "walker"
      configuration.token = "t"
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      #expect(client.server == "scripted" && client.limits.callsInFlightMax == 64)
      let queries = (0..<3).map { _ in client.query(model: "m", alias: "canary", observationWidth: 2, parameterWidth: 2)
      }
      for (index, query) in queries.enumerated() { try query.submit([Float(index), 0.5, -1, 2]) }
      for (index, query) in queries.enumerated() {
        let values = [Float(index + 1), Float(index + 2)]
        #expect(try await query.answer() == Answer(outputs: [Float(index), 0.5, -1, 2], values: values, version: 7))
      }
      await client.close()
    }
  }

  @Test("More rows than a call may have are split, and one version answers all of them")
  func splitting() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome(rows: 4)
      let first = try await session.read(3)
      #expect(first.map(\.query.rows) == [4, 4, 2])
      try await session.write(first[2].reply(version: 2), first[0].reply(version: 1), first[1].reply(version: 2))
      let again = try await session.read(3)
      #expect(again.allSatisfy { $0.query.version == 2 && $0.query.alias.isEmpty })
      for frame in again { try await session.write(frame.reply(version: 2)) }
      // The next query is not pinned to what the last one was.
      let next = try await session.read()
      #expect(next.query.version == 0 && next.query.alias == "canary")
      try await session.write(next.reply(version: 3))
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let query = client.query(model: "m", alias: "canary", observationWidth: 2, parameterWidth: 2)
      let rows = (0..<20).map { Float($0) }
      try query.submit(rows)
      let values: [Float] = [4, 5, 6, 7, 5, 6, 7, 8, 6, 7]
      #expect(try await query.answer() == Answer(outputs: rows, values: values, version: 2))
      try query.submit([1, 2])
      #expect(try await query.answer().version == 3)
      await client.close()
    }
  }

  @Test("Queries beyond the server's limits wait for its replies")
  func limits() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome(rows: 2, calls: 64, rowsInFlight: 4)
      let first = try await session.read(2)
      // What may not be sent yet would come before the answer to this.
      try await session.write(V1.Frame(.ping(1)))
      #expect(try await session.read() == V1.Frame(.pong(1)))
      try await session.write(first[0].reply())
      let third = try await session.read()
      #expect(third.call == 3)
      try await session.write(third.reply(), first[1].reply())
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
      try query.submit([1, 2, 3, 4, 5, 6])
      #expect(try await query.answer().outputs == [1, 2, 3, 4, 5, 6])
      await client.close()
    }
  }

  @Test("A status fails its call alone, with the server's words")
  func statuses() async throws {
    let busy = WireStatus(.resourceExhausted, "queue full", retryAfterMicroseconds: 1500)
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.write(V1.Frame(call: try await session.read().call, .status(busy)))
      try await session.write(try await session.read().reply())
      let describe = try await session.read()
      #expect(describe.body == .describe(V1.DescribeRequest(model: "x", version: 3)))
      try await session.write(V1.Frame(call: describe.call, .status(WireStatus(.notFound, "no model x"))))
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: once)
      let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
      try query.submit([1])
      await #expect(throws: busy) { try await query.answer() }
      try query.submit([2])
      #expect(try await query.answer().outputs == [2])
      await #expect(throws: WireStatus(.notFound, "no model x")) { try await client.describe(model: "x", version: 3) }
      await client.close()
    }
  }

  @Test("Control calls bring their replies")
  func control() async throws {
    let model = V1.Model(name: "m", aliases: [V1.AliasTarget(alias: "stable", version: 2)])
    let change = V1.AliasChange(alias: "stable", from: 1, to: 2, who: "me")
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      let replies: [V1.Body] = [
        .healthReply(V1.HealthReply(serving: .notServing)), .listModelsReply(V1.ListModelsReply(models: [model])),
        .aliasReply(V1.AliasReply(from: 1, to: 2)), .historyReply(V1.HistoryReply(changes: [change])),
        .verifyReply(V1.VerifyReply(results: [V1.VerifyResult(model: "m", version: 1, ok: true)])),
        .inferReply(V1.InferReply(version: 2, rows: 1, outputs: [1], values: [2])), .healthReply(.init()),
      ]
      for reply in replies { try await session.write(V1.Frame(call: try await session.read().call, reply)) }
      if case .ping(let payload) = try await session.read().body {
        try await session.write(V1.Frame(.pong(payload)))
      }
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      #expect(try await client.health(model: "m") == .notServing)
      #expect(try await client.listModels() == [model])
      #expect(try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 2)).to == 2)
      #expect(try await client.history(model: "m") == [change])
      #expect(try await client.verify().map(\.ok) == [true])
      #expect(try await client.infer(V1.InferRequest(model: "m", rows: 1)).outputs == [1])
      await #expect(throws: WireStatus(.internalError, "the server's reply is of another call")) {
        try await client.verify()
      }
      try await client.ping()
      await client.close()
    }
  }

  @Test("A lost connection fails every call under way, where none is asked again")
  func loss() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await session.read(2)
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: once)
      let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
      let lost = WireStatus(
        .unavailable, "the connection to \(teacher.address) was lost: it was closed at the other end")
      try query.submit([1])
      await #expect(throws: lost) { try await client.health() }
      await #expect(throws: lost) { try await query.answer() }
      // The attempt that begins by itself finds a server that closes.
      let status = await #expect(throws: WireStatus.self) { try await client.ping() }
      #expect(status?.code == .unavailable && status?.message.contains("no connection to") == true)
      await client.close()
    }
  }

  @Test("A refused Hello says why")
  func refusedHello() async throws {
    try await ScriptedTeacher.run { session in
      _ = try await session.read()
      try await session.write(.goAway(0, .unauthenticated, "token unknown"))
    } body: { teacher in
      await #expect(throws: WireStatus(.unauthenticated, "token unknown")) {
        try await TeacherClient.connect(to: teacher.address)
      }
    }
  }

  @Test("Another protocol number is refused")
  func protocolNumber() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome(protocolNumber: 9)
    } body: { teacher in
      await #expect(throws: WireStatus(.failedPrecondition, "\(teacher.address) speaks protocol 9, expected 1")) {
        try await TeacherClient.connect(to: teacher.address)
      }
    }
  }

  @Test("A server that takes the connection and says nothing is given up")
  func silence() async throws {
    try await ScriptedTeacher.run { session in
      while try await session.readOrEnd() != nil {}
    } body: { teacher in
      var configuration = ClientConfiguration.defaults
      // Long enough for a busy machine to connect in.
      configuration.connectTimeout = .seconds(2)
      let status = await #expect(throws: WireStatus.self) {
        try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      }
      #expect(status?.code == .unavailable && status?.message.contains("said nothing") == true)
    }
  }

  @Test("No teacher at the address: the error names it and what to start")
  func nobody() async throws {
    // Outside the range that ports are dealt from: no test beside this one listens there.
    let address = "127.0.0.1:9"
    await #expect(
      throws: WireStatus(
        .unavailable,
        "no teacher at \(address) (connection refused); start one with: docent-teacher serve --registry teacher.sqlite --listen \(address)"
      )
    ) {
      try await TeacherClient.connect(to: address)
    }
  }

  @Test(
    "An address is HOST:PORT or unix:PATH",
    arguments: [
      "nowhere", "127.0.0.1", "127.0.0.1:seven", ":7070", "127.0.0.1:0", "127.0.0.1:65536", "::1:7070", "[]:70",
      "unix:", "unix:/\(String(repeating: "x", count: 200))",
    ])
  func addresses(text: String) async throws {
    let status = await #expect(throws: WireStatus.self) { try await TeacherClient.connect(to: text) }
    #expect(status?.code == .invalidArgument)
    #expect(status?.message.contains(text) == true && status?.message.contains("expected") == true)
  }

  @Test("An artefact is published in chunks on a connection of its own")
  func publishing() async throws {
    let artefact = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      let header = try await session.read()
      guard case .publish(let publish) = header.body else {
        Issue.record("\(header) is no publish")
        return
      }
      #expect(header.call == 1 && publish.model == "m" && publish.artefactBytes == 150_000 && publish.sha256 == [1])
      #expect(publish.requestID.utf8.count == 32)
      var received: [UInt8] = []
      while received.count < 150_000 {
        let frame = try await session.read()
        guard case .chunk(let chunk) = frame.body else { break }
        #expect(frame.call == 1)
        #expect(chunk.offset == UInt64(received.count) && chunk.data.count <= 65536)
        received += chunk.data
      }
      #expect(received == artefact)
      try await session.write(V1.Frame(call: 1, .publishReply(V1.PublishReply(version: 4, sha256: [1]))))
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let reply = try await client.publish(V1.PublishHeader(model: "m", sha256: [1]), artefact: artefact)
      #expect(reply.version == 4)
      await client.close()
    }
  }

  @Test("A publish that is refused stops and says why")
  func refusedPublish() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      _ = try await session.read(2)
      try await session.write(V1.Frame(call: 1, .status(WireStatus(.invalidArgument, "wrong"))))
      while try await session.readOrEnd() != nil {}
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let artefact = [UInt8](repeating: 0, count: 8 << 20)
      await #expect(throws: WireStatus(.invalidArgument, "wrong")) {
        try await client.publish(V1.PublishHeader(model: "m"), artefact: artefact)
      }
      await client.close()
    }
  }
}
