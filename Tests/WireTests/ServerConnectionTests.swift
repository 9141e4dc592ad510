import Logging
import NIOCore
import NIOEmbedded
import Testing
import Wire

extension Logger {
  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

@Suite struct ServerConnectionTests {
  private func query(_ call: UInt32, rows: Int = 1) -> V1.Frame {
    V1.Frame(call: call, .infer(V1.InferRequest(model: "m", rows: rows, observations: [1, 2, 3, 4])))
  }

  @Test("Hello is answered by Welcome with the limits")
  func welcome() throws {
    let connection = try EmbeddedConnection()
    try connection.send(V1.Frame(.hello(V1.Hello(protocolNumber: 1))))
    #expect(try connection.receive() == [V1.Frame(.welcome(WireLimits.defaults.welcome(server: "docent")))])
  }

  @Test("Anything before Hello is answered by GoAway and the end")
  func nothingBeforeHello() throws {
    for frame in [query(1), V1.Frame(.ping(1)), V1.Frame(call: 1, .chunk(V1.Chunk())), V1.Frame(call: 1, .cancel)] {
      let connection = try EmbeddedConnection()
      try connection.send(frame)
      guard case .goAway(let goAway) = try connection.receive().last?.body else {
        Issue.record("no GoAway for \(frame)")
        continue
      }
      #expect(goAway.status.code == .failedPrecondition)
      #expect(!connection.channel.isActive)
      #expect(connection.service.queries.isEmpty)
    }
  }

  @Test("One turn a read, one buffer a turn, replies in the order of their queries")
  func turn() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(query(1), query(2, rows: 2), query(5))
    #expect(connection.service.turns == 2)  // the greeting's and this one
    #expect(connection.service.queries.map(\.call) == [1, 2, 5])
    #expect(connection.service.queries[0].observations == [1, 2, 3, 4])
    let buffers = try connection.receiveBuffers()
    #expect(buffers.count == 1)
    let one = V1.InferReply(version: 9, rows: 1, outputs: [1.5], values: [1.5])
    let two = V1.InferReply(version: 9, rows: 2, outputs: [1.5, 1.5], values: [1.5, 1.5])
    var codec = FrameCodec()
    let expected = [(1, one), (2, two), (5, one)].flatMap { call, reply in
      codec.bytes(of: V1.Frame(call: call, .inferReply(reply)))
    }
    #expect(Array(buffers[0].readableBytesView) == expected)
  }

  @Test("Frames dripped byte by byte are the same frames")
  func dripped() throws {
    let connection = try EmbeddedConnection()
    var codec = FrameCodec()
    let frames = [V1.Frame(.hello(V1.Hello(protocolNumber: 1))), query(1), query(2), V1.Frame(.ping(7))]
    for byte in frames.flatMap({ codec.bytes(of: $0) }) { try connection.send(bytes: [byte]) }
    #expect(connection.service.queries.map(\.call) == [1, 2])
    #expect(try connection.receive().last == V1.Frame(.pong(7)))
  }

  @Test("A frame split anywhere is the same frame")
  func splitAnywhere() throws {
    var codec = FrameCodec()
    let bytes = [query(1), query(2, rows: 3)].flatMap { codec.bytes(of: $0) }
    for cut in 1..<bytes.count {
      let connection = try EmbeddedConnection()
      try connection.greet()
      try connection.send(bytes: Array(bytes[..<cut]))
      try connection.send(bytes: Array(bytes[cut...]))
      #expect(connection.service.queries.map(\.call) == [1, 2])
      #expect(try connection.receive().count == 2)
    }
  }

  @Test("A bad frame ends the connection after what was open is answered")
  func badFrame() throws {
    let connection = try EmbeddedConnection(
      limits: WireLimits(frameBytesMax: 100, rowsPerCallMax: 1, callsInFlightMax: 9, rowsInFlightMax: 9))
    try connection.greet()
    var codec = FrameCodec()
    try connection.send(bytes: codec.bytes(of: query(3)) + [0, 0, 0, 0, 101])
    let frames = try connection.receive()
    #expect(frames.count == 2)
    let status = WireStatus(.resourceExhausted, "a frame of 101 bytes, expected at most 100")
    #expect(frames[0] == V1.Frame(.goAway(V1.GoAway(lastCall: 3, status: status))))
    #expect(frames[1].call == 3)
    #expect(!connection.channel.isActive)
  }

  @Test("Every kind of bad frame is answered by its status")
  func badFrames() throws {
    let unparseable: [UInt8] = [0, 0, 0, 0, 2, 0x12, 0x7f]
    let cases: [([UInt8], WireStatus.Code)] = [
      ([1, 0, 0, 0, 0], .internalError), ([8, 0, 0, 0, 0], .internalError), (unparseable, .internalError),
      ([0, 0xff, 0, 0, 0], .resourceExhausted),
    ]
    for (bytes, code) in cases {
      let connection = try EmbeddedConnection()
      try connection.greet()
      try connection.send(bytes: bytes)
      guard case .goAway(let goAway) = try connection.receive().last?.body else {
        Issue.record("no GoAway for \(bytes)")
        continue
      }
      #expect(goAway.status.code == code)
      #expect(!connection.channel.isActive)
    }
  }

  @Test("HTTP and TLS are closed without an answer")
  func strangers() throws {
    for bytes in [Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]] {
      let connection = try EmbeddedConnection()
      try connection.send(bytes: bytes)
      #expect(try connection.receive().isEmpty)
      #expect(!connection.channel.isActive)
    }
  }

  @Test("A call number that does not increase ends the connection")
  func repeatedCall() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(query(4), query(4))
    guard case .goAway(let goAway) = try connection.receive().first?.body else {
      Issue.record("no GoAway")
      return
    }
    #expect(goAway.lastCall == 4 && goAway.status.code == .internalError)
    #expect(connection.service.queries.count == 1)
  }

  @Test("A bad call is answered and the connection lives")
  func badCalls() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(query(1, rows: 0), query(2, rows: 1 << 30))
    try connection.send(bytes: [0, 0, 0, 0, 11, 0x0d, 3, 0, 0, 0, 0xa2, 1, 3, 0x0a, 1, 0xff])
    try connection.send(V1.Frame(call: 4, .unrecognized), V1.Frame(call: 5, .fetch(V1.FetchRequest())))
    try connection.send(query(6))
    let frames = try connection.receive()
    #expect(frames.map(\.call) == [1, 2, 3, 4, 5, 6])
    for frame in frames.prefix(3) {
      guard case .status(let status) = frame.body else {
        Issue.record("no status for call \(frame.call)")
        continue
      }
      #expect(status.code == .invalidArgument)
    }
    #expect(connection.channel.isActive)
  }

  @Test("Messages that only servers send end the connection")
  func serversMessages() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(V1.Frame(call: 1, .inferReply(V1.InferReply())))
    guard case .goAway = try connection.receive().last?.body else {
      Issue.record("no GoAway")
      return
    }
  }

  @Test("Cancelling a query asks the service; cancelling a publish ends it")
  func cancelling() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(query(1), V1.Frame(call: 1, .cancel))
    #expect(connection.service.cancelled == [1])
    try connection.send(V1.Frame(call: 2, .publish(V1.PublishHeader(model: "m", artefactBytes: 5))))
    try connection.send(V1.Frame(call: 2, .cancel), V1.Frame(call: 2, .chunk(V1.Chunk(data: [1]))))
    guard case .status(let status) = try connection.receive().last?.body else {
      Issue.record("no status")
      return
    }
    #expect(status.code == .cancelled)
    #expect(connection.channel.isActive)
  }

  @Test("Of a publish session cut at any byte nothing reaches the service; whole, it does once")
  func publishCutAnywhere() throws {
    var codec = FrameCodec()
    let bytes = [
      V1.Frame(.hello(V1.Hello(protocolNumber: 1))),
      V1.Frame(call: 1, .publish(V1.PublishHeader(model: "m", artefactBytes: 60, sha256: [1, 2, 3]))),
      V1.Frame(call: 1, .chunk(V1.Chunk(offset: 0, data: [UInt8](repeating: 5, count: 40)))),
      V1.Frame(call: 1, .chunk(V1.Chunk(offset: 40, data: [UInt8](repeating: 6, count: 20)))),
    ].flatMap { codec.bytes(of: $0) }
    for cut in 0...bytes.count {
      let connection = try EmbeddedConnection()
      try connection.send(bytes: Array(bytes[..<cut]))
      #expect(connection.service.requests.count == (cut == bytes.count ? 1 : 0))
      _ = try connection.channel.finish()
      connection.channel.embeddedEventLoop.run()
      #expect(connection.loop.connectionCount == 0)
    }
  }

  @Test("Draining says so, finishes what is open, starts nothing new, and closes")
  func draining() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(query(1))
    let drained = connection.loop.drain()
    try connection.send(query(2))
    connection.channel.embeddedEventLoop.run()
    #expect(
      try connection.receive()
        == [V1.Frame(.goAway(V1.GoAway(lastCall: 1, status: WireStatus(.unavailable, "the server is shutting down"))))])
    #expect(connection.channel.isActive)
    #expect(connection.service.queries.map(\.call) == [1])
    connection.service.answer()
    connection.channel.embeddedEventLoop.run()
    #expect(try connection.receive().map(\.call) == [1])
    #expect(!connection.channel.isActive)
    try drained.wait()
  }

  @Test("A publish that crosses a GoAway is not started, and its chunks end nothing")
  func publishCrossesGoAway() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(query(1))
    _ = connection.loop.drain()
    connection.channel.embeddedEventLoop.run()
    // What tells the client that its publish ends UNAVAILABLE.
    let status = WireStatus(.unavailable, "the server is shutting down")
    #expect(try connection.receive() == [V1.Frame(.goAway(V1.GoAway(lastCall: 1, status: status)))])
    try connection.send(
      V1.Frame(call: 2, .publish(V1.PublishHeader(model: "m", artefactBytes: 5))),
      V1.Frame(call: 2, .chunk(V1.Chunk(data: [1, 2]))))
    try connection.send(V1.Frame(call: 2, .chunk(V1.Chunk(offset: 2, data: [3, 4, 5]))), V1.Frame(call: 2, .cancel))
    #expect(try connection.receive().isEmpty && connection.service.requests.isEmpty)
    connection.service.answer()
    connection.channel.embeddedEventLoop.run()
    #expect(try connection.receive().map(\.call) == [1], "what was open is answered")
    #expect(!connection.channel.isActive)
  }

  @Test("A connection that closes with open calls is kept until they are answered")
  func closedWithOpenCalls() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsQueries = true
    connection.service.holdsRequests = true
    try connection.send(query(1), V1.Frame(call: 2, .health(V1.HealthRequest())))
    _ = try connection.channel.finish()
    connection.channel.embeddedEventLoop.run()
    #expect(connection.loop.connectionCount == 1)
    connection.service.answer()
    #expect(connection.loop.connectionCount == 1)
    for (handler, call) in connection.service.held { handler.answer(call, with: .cancel) }
    #expect(connection.loop.connectionCount == 0)
  }

  @Test("A client that ends its side is answered what it has asked, and the connection closes; what would last ends")
  func halfClosed() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(query(1), V1.Frame(call: 2, .publish(V1.PublishHeader(model: "m", artefactBytes: 5))))
    connection.end()
    #expect(connection.channel.isActive && connection.service.endedWatches == 1 && connection.service.abandoned == 0)
    #expect(try connection.receive() == [V1.Frame(.pong(0))], "whether anybody is there")
    connection.service.answer()
    connection.channel.embeddedEventLoop.run()
    #expect(try connection.receive().map(\.call) == [1], "of the publish nothing more can come")
    #expect(!connection.channel.isActive && connection.loop.connectionCount == 0)
  }

  @Test("With nothing open, a client's end of its side is the connection's, without a timer for it")
  func ended() throws {
    for isGreeted in [false, true] {
      let connection = try EmbeddedConnection()
      if isGreeted { try connection.greet() }
      connection.end()
      #expect(!connection.channel.isActive && connection.loop.connectionCount == 0)
    }
  }

  @Test("A client's GoAway closes the connection when its calls are answered")
  func clientGoesAway() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(query(1), V1.Frame(.goAway(V1.GoAway(lastCall: 0, status: WireStatus(.ok, "")))))
    #expect(try connection.receive().map(\.call) == [1])
    #expect(!connection.channel.isActive)
  }

  @Test("No read is asked for while replies cannot be written")
  func backpressure() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    let reads = ReadCounter()
    try connection.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    connection.channel.isWritable = false
    connection.channel.pipeline.fireChannelWritabilityChanged()
    connection.channel.pipeline.read()
    #expect(reads.count == 0)
    connection.channel.isWritable = true
    connection.channel.pipeline.fireChannelWritabilityChanged()
    #expect(reads.count == 1)
    connection.channel.pipeline.read()
    #expect(reads.count == 2)
  }
}

private final class ReadCounter: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  var count = 0

  func read(context: ChannelHandlerContext) {
    count += 1
    context.read()
  }
}
