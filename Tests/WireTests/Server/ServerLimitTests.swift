import NIOCore
import NIOEmbedded
import Testing
import Wire

/// How much connections may have, each and together.
@Suite struct ServerLimitTests {
  private func query(_ call: UInt32, rows: Int = 1) -> V1.Frame {
    V1.Frame(call: call, .infer(V1.InferRequest(model: "m", rows: rows, observations: [1, 2, 3, 4])))
  }

  private func status(_ frames: [V1.Frame], of call: UInt32) -> WireStatus? {
    for case .status(let status) in frames.filter({ $0.call == call }).map(\.body) { return status }
    return nil
  }

  // MARK: Connections

  @Test("A connection too many is told when to come back; a place that becomes free is given again")
  func connections() throws {
    let first = try EmbeddedConnection { $0.connectionsMax = 2 }
    let second = try first.another()
    for _ in 0..<3 {
      let third = try first.another()
      third.channel.embeddedEventLoop.run()
      guard case .goAway(let goAway) = try third.receive().first?.body else {
        Issue.record("no GoAway")
        continue
      }
      #expect(goAway.status.code == .resourceExhausted && goAway.status.retryAfterMicroseconds > 0)
      #expect(goAway.status.message.contains("2 connections"))
      #expect(!third.channel.isActive)
    }
    #expect(first.loop.counters.connectionsOpen == 2)
    try first.greet()
    try second.greet()

    // One that ends in order, and one that is reset in the middle of its calls.
    try first.close()
    let fourth = try second.another()
    try fourth.greet()
    second.service.holdsQueries = true
    try second.send(query(1))
    second.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
    second.channel.embeddedEventLoop.run()
    let fifth = try fourth.another()
    try fifth.greet()
    try fifth.send(query(1))
    fifth.service.answer()
    fifth.channel.embeddedEventLoop.run()
    #expect(try fifth.receive().map(\.call) == [1])
    #expect(fifth.loop.counters.connectionsOpen == 2)
    #expect(fifth.loop.counters.connectionsEnded == [.limit: 3, .client: 1, .error: 1])
    #expect(fifth.loop.connectionCount == 2)
  }

  // MARK: Calls and rows

  @Test("Calls and rows beyond a connection's are refused with the backlog as the time to come back")
  func callsAndRows() throws {
    let connection = try EmbeddedConnection(
      limits: WireLimits(frameBytesMax: 1000, rowsPerCallMax: 8, callsInFlightMax: 3, rowsInFlightMax: 10))
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(query(1, rows: 8), query(2, rows: 3), query(3, rows: 2), query(4, rows: 9))
    var frames = try connection.receive()
    #expect(frames.map(\.call) == [2, 4])
    #expect(
      status(frames, of: 2)
        == WireStatus(
          .resourceExhausted, "8 rows in flight and 3 more, expected at most 10 a connection",
          retryAfterMicroseconds: connection.service.backlogMicroseconds))
    #expect(status(frames, of: 4)?.code == .invalidArgument)
    // Another connection has its own.
    let other = try connection.another()
    try other.greet()
    try other.send(query(1, rows: 8), query(2), query(3), query(4), V1.Frame(call: 5, .listModels(.init())))
    frames = try other.receive()
    #expect(frames.map(\.call) == [4, 5])
    for call in [4, 5] as [UInt32] {
      #expect(status(frames, of: call)?.code == .resourceExhausted)
      #expect(status(frames, of: call)?.retryAfterMicroseconds == 7)
      #expect(status(frames, of: call)?.message == "3 calls in flight, expected fewer than 3")
    }
    connection.service.answer()
    connection.channel.embeddedEventLoop.run()
    #expect(try connection.receive().map(\.call) == [1, 3])
    try connection.send(query(5, rows: 8))
    #expect(try connection.receive().isEmpty)
    connection.service.answer()
    connection.channel.embeddedEventLoop.run()
    #expect(try connection.receive().map(\.call) == [5])
    #expect(connection.loop.counters.callsRefused == [.rowsInFlight: 1, .invalid: 1, .callsInFlight: 2])
  }

  // MARK: Answers

  /// An answer whose frame has so many payload bytes.
  private func answer(bytes: Int) throws -> V1.Body {
    var codec = FrameCodec()
    func body(_ count: Int) -> V1.Body {
      .listModelsReply(V1.ListModelsReply(models: [V1.Model(name: String(repeating: "m", count: count))]))
    }
    let around = codec.bytes(of: V1.Frame(call: 1, body(bytes - 30))).count - (bytes - 30)
    let body = body(bytes + FrameHeader.byteCount - around)
    try #require(codec.bytes(of: V1.Frame(call: 1, body)).count == bytes + FrameHeader.byteCount)
    return body
  }

  private var smallFrames: WireLimits {
    WireLimits(frameBytesMax: 1000, rowsPerCallMax: 8, callsInFlightMax: 99, rowsInFlightMax: 10)
  }

  @Test("An answer that no frame takes is RESOURCE_EXHAUSTED with its bytes; one that just fits is sent")
  func answerTooLarge() throws {
    let connection = try EmbeddedConnection(limits: smallFrames)
    try connection.greet()
    for (call, bytes) in [(1, 1000), (2, 1001), (3, 100_000), (4, 1000)] as [(UInt32, Int)] {
      connection.service.requestAnswer = try answer(bytes: bytes)
      try connection.send(V1.Frame(call: call, .listModels(.init())))
      let message = "an answer of \(bytes) bytes, expected at most the 1000 of a frame"
      #expect(
        try connection.receive()
          == [
            V1.Frame(
              call: call,
              bytes <= 1000 ? connection.service.requestAnswer : .status(WireStatus(.resourceExhausted, message)))
          ])
    }
    #expect(connection.channel.isActive)
  }

  @Test("Answers that wait to be sent are bounded: beyond a frame's worth they are RESOURCE_EXHAUSTED")
  func unsentAnswers() throws {
    let connection = try EmbeddedConnection(limits: smallFrames)
    try connection.greet()
    connection.service.requestAnswer = try answer(bytes: 600)
    var codec = FrameCodec()
    // All of them in one turn, at whose end they are sent.
    try connection.send(bytes: (1...9).flatMap { codec.bytes(of: V1.Frame(call: $0, .listModels(.init()))) })
    let frames = try connection.receive()
    #expect(frames.map(\.call) == Array(1...9))
    #expect(frames.prefix(2).allSatisfy { $0.body == connection.service.requestAnswer })
    for frame in frames.dropFirst(2) {
      let status = status(frames, of: frame.call)
      #expect(status?.code == .resourceExhausted && status?.retryAfterMicroseconds == 100_000)
      #expect(status?.message.contains("bytes of earlier answers were not read yet") == true)
    }
    // They are sent, and there is room again.
    try connection.send(V1.Frame(call: 10, .listModels(.init())))
    #expect(try connection.receive().map(\.body) == [connection.service.requestAnswer])
  }

  // MARK: Publishes

  private func publisher(of first: EmbeddedConnection? = nil) throws -> EmbeddedConnection {
    let connection =
      try first?.another()
      ?? EmbeddedConnection {
        $0.artefactBytesMax = 100
        $0.publishedBytesMax = 100
      }
    try connection.greet()
    return connection
  }

  private func begin(_ connection: EmbeddedConnection, call: UInt32 = 1, bytes: Int = 60, of all: UInt64 = 100) throws {
    try connection.send(
      V1.Frame(call: call, .publish(V1.PublishHeader(model: "m", artefactBytes: all))),
      V1.Frame(call: call, .chunk(V1.Chunk(data: [UInt8](repeating: 1, count: bytes)))))
  }

  /// Whether a whole publish finds room.
  private func hasRoom(_ connection: EmbeddedConnection, call: UInt32) throws -> Bool {
    try begin(connection, call: call, bytes: 100)
    let frames = try connection.receive()
    if let status = status(frames, of: call) {
      #expect(status.code == .resourceExhausted && status.retryAfterMicroseconds > 0)
      return false
    }
    #expect(frames.last?.body == .publishReply(V1.PublishReply(version: 100)))
    return true
  }

  @Test(
    "Publishes of all connections share their memory, and give it back however they end",
    arguments: [
      "finished", "refused", "cancelled", "closed", "reset", "bad frame", "bad chunk", "too much", "GoAway",
      "half closed",
      "cut off",
    ])
  func publishedBytes(end: String) throws {
    let connection = try publisher()
    let other = try publisher(of: connection)
    try begin(connection)
    #expect(try !hasRoom(other, call: 1))
    #expect(other.channel.isActive)
    let data = [UInt8](repeating: 1, count: 40)
    switch end {
    case "finished": try connection.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 60, data: data))))
    case "refused": try connection.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 7, data: data))))
    case "too much":
      try connection.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 60, data: [UInt8](repeating: 1, count: 41)))))
    case "cancelled": try connection.send(V1.Frame(call: 1, .cancel))
    case "closed": try connection.close()
    case "half closed": connection.end()
    case "reset":
      connection.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
      connection.channel.embeddedEventLoop.run()
    case "bad frame": try connection.send(bytes: [8, 0, 0, 0, 0])
    case "bad chunk": try connection.send(V1.Frame(call: 9, .chunk(V1.Chunk(offset: 60, data: data))))
    case "GoAway":
      try connection.send(V1.Frame(.goAway(V1.GoAway(status: WireStatus(.ok, "")))))
      try connection.send(V1.Frame(call: 1, .chunk(V1.Chunk(offset: 60, data: data))))
    default:
      connection.loop.closeAll()
      connection.channel.embeddedEventLoop.run()
    }
    let third = try publisher(of: connection)
    #expect(try hasRoom(third, call: 1))
    #expect(try hasRoom(third, call: 2), "and only once")
    try third.close()
    try connection.close()
    try other.close()
    #expect(connection.loop.connectionCount == 0)
  }

  @Test("What is being stored holds its memory until it is answered, also beyond its connection")
  func storedBytes() throws {
    let connection = try publisher()
    let other = try publisher(of: connection)
    connection.service.holdsRequests = true
    try begin(connection, bytes: 100)
    #expect(try !hasRoom(other, call: 1))
    try connection.close()
    #expect(try !hasRoom(other, call: 2))
    let (publish, call) = try #require(connection.service.held.first)
    // The service answers at once and goes on storing.
    let stored = publish.keepPublished(call)
    publish.refuse(call, rows: 0, WireStatus(.cancelled, "the connection closed"))
    #expect(connection.loop.connectionCount == 1)
    #expect(try !hasRoom(other, call: 3))
    stored()
    connection.service.holdsRequests = false
    #expect(try hasRoom(other, call: 4))
  }
}
