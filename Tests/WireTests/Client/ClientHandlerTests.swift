import NIOCore
import NIOEmbedded
import Testing

@testable import Wire

/// The handler on an embedded channel, with a clock of its own.
@Suite("A client's side of a connection")
struct ClientHandlerTests {
  let channel = EmbeddedChannel()
  let connection: ClientConnection
  let configuration: ClientConfiguration

  init() throws {
    var configuration = ClientConfiguration.defaults
    configuration.name = "test"
    configuration.token = "secret"
    configuration.keepaliveTime = .seconds(20)
    configuration.keepaliveTimeout = .seconds(5)
    configuration.retries.attempts = 1
    self.configuration = configuration
    connection = try ClientConnection.add(to: channel, TeacherAddress("127.0.0.1:7070"), configuration)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 7070)).wait()
  }

  /// Opens a call of one reply.
  private func open(_ body: V1.Body, rows: Int = 0, timeout: Duration? = nil) -> EventLoopFuture<V1.Body> {
    openCall(body, rows: rows, timeout: timeout).reply
  }

  private func openCall(
    _ body: V1.Body, rows: Int = 0, timeout: Duration? = nil
  ) -> (call: ClientCall, reply: EventLoopFuture<V1.Body>) {
    let promise = channel.eventLoop.makePromise(of: V1.Body.self)
    let call = ClientCall(
      body, rows: rows, deadline: timeout.map { CallDeadline($0, from: channel.eventLoop.now) },
      to: UnaryReceiver(promise: promise))
    connection.open(call)
    return (call, promise.futureResult)
  }

  /// A query whose pool has this connection.
  private func query(observationWidth: Int, parameterWidth: Int) throws -> PolicyQuery {
    let pool = ConnectionPool(
      connection.address, configuration, channel.eventLoop,
      connector: { [connection] loop, _ in loop.makeSucceededFuture(connection) })
    pool.start()
    return PolicyQuery(
      V1.InferRequest(model: "m"), observationWidth: observationWidth, parameterWidth: parameterWidth, pool: pool)
  }

  private func sent() throws -> [V1.Frame] {
    var bytes = ByteBuffer()
    while var part = try channel.readOutbound(as: ByteBuffer.self) { bytes.writeBuffer(&part) }
    var codec = FrameCodec()
    var decoder = FrameDecoder()
    var frames: [V1.Frame] = []
    while let payload = try decoder.decode(buffer: &bytes) {
      frames.append(try payload.withUnsafeReadableBytes { try codec.read($0) })
    }
    #expect(bytes.readableBytes == 0)
    return frames
  }

  private func bytes(_ frames: V1.Frame...) -> ByteBuffer {
    var codec = FrameCodec()
    var buffer = ByteBuffer()
    for frame in frames { codec.write(frame, into: &buffer) }
    return buffer
  }

  private func greet() throws {
    let limits = WireLimits(frameBytesMax: 1 << 20, rowsPerCallMax: 16, callsInFlightMax: 4, rowsInFlightMax: 64)
    try channel.writeInbound(bytes(V1.Frame(.welcome(limits.welcome(server: "embedded")))))
    _ = try sent()
  }

  private func failure<Value: Sendable>(of future: EventLoopFuture<Value>) -> WireStatus? {
    do {
      _ = try future.wait()
      return nil
    } catch {
      return (error as? AttemptFailure)?.status ?? error as? WireStatus
    }
  }

  @Test("It begins with Hello and takes the limits of Welcome")
  func handshake() throws {
    #expect(try sent() == [V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "test", token: "secret")))])
    let early = open(.health(.init()))
    channel.embeddedEventLoop.run()
    #expect(try sent() == [])
    try greetAndExpectEarlyCall()
    try connection.greeted.wait()
    #expect(connection.server == "embedded")
    #expect(connection.limits.rowsPerCallMax == 16)
    connection.close(WireStatus(.cancelled, "the end"))
    #expect(failure(of: early)?.code == .cancelled)
  }

  private func greetAndExpectEarlyCall() throws {
    let limits = WireLimits(frameBytesMax: 1 << 20, rowsPerCallMax: 16, callsInFlightMax: 4, rowsInFlightMax: 64)
    try channel.writeInbound(bytes(V1.Frame(.welcome(limits.welcome(server: "embedded")))))
    channel.embeddedEventLoop.run()
    #expect(try sent() == [V1.Frame(call: 1, .health(.init()))])
  }

  @Test("Calls packed before the flush leave in one write")
  func coalescing() throws {
    try greet()
    let calls = (0..<3).map { _ in open(.health(.init())) }
    channel.embeddedEventLoop.run()
    let write = try #require(try channel.readOutbound(as: ByteBuffer.self))
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(write.readableBytes == bytes(V1.Frame(call: 1, .health(.init()))).readableBytes * 3)
    connection.close(WireStatus(.cancelled, "the end"))
    for call in calls { #expect(failure(of: call)?.code == .cancelled) }
  }

  @Test("Replies may come in any pieces", arguments: [1, 2, 3, 7, 1000])
  func pieces(size: Int) throws {
    try greet()
    let health = open(.health(.init()))
    let infer = open(.infer(V1.InferRequest(model: "m", rows: 1)), rows: 1)
    channel.embeddedEventLoop.run()
    let reply = V1.InferReply(version: 3, rows: 1, outputs: [1, 2], values: [0.5])
    var stream = bytes(
      V1.Frame(call: 2, .inferReply(reply)), V1.Frame(call: 1, .healthReply(V1.HealthReply(serving: .serving))))
    while let piece = stream.readSlice(length: min(size, stream.readableBytes)), piece.readableBytes > 0 {
      try channel.writeInbound(piece)
    }
    #expect(try infer.wait() == .inferReply(reply))
    #expect(try health.wait() == .healthReply(V1.HealthReply(serving: .serving)))
  }

  @Test("A ping is answered with its number")
  func pong() throws {
    try greet()
    try channel.writeInbound(bytes(V1.Frame(.ping(42))))
    #expect(try sent() == [V1.Frame(.pong(42))])
  }

  @Test("A silent server is pinged, and gone when it stays silent")
  func keepalive() throws {
    try greet()
    let call = open(.health(.init()))
    channel.embeddedEventLoop.advanceTime(by: .seconds(19))
    #expect(try sent() == [V1.Frame(call: 1, .health(.init()))])
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(try sent() == [V1.Frame(.ping(0))])
    try channel.writeInbound(bytes(V1.Frame(.pong(0))))
    channel.embeddedEventLoop.advanceTime(by: .seconds(24))
    #expect(try sent() == [V1.Frame(.ping(0))])
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
    #expect(failure(of: call)?.code == .unavailable)
  }

  @Test(
    "What is no frame closes the connection and says what it may be",
    arguments: [
      Array("HTTP/1.1 400 Bad Request\r\n".utf8), [0x15, 0x03, 0x03, 0, 2, 2, 40], [0, 0, 0, 0, 2, 0xff, 0xff],
      [0, 0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0, 0],
    ])
  func strangers(bytes: [UInt8]) throws {
    try channel.writeInbound(ByteBuffer(bytes: bytes))
    let status = try #require(failure(of: connection.greeted))
    #expect(status.code == .internalError)
    #expect(status.message.hasPrefix("127.0.0.1:7070 does not speak Docent's protocol"))
    #expect(!channel.isActive)
  }

  @Test("A reply that cannot be used fails its call alone")
  func unusableReply() throws {
    try greet()
    let query = try query(observationWidth: 2, parameterWidth: 3)
    try query.submit([1, 2])
    let health = open(.health(.init()))
    channel.embeddedEventLoop.run()
    let reply = V1.InferReply(version: 1, rows: 1, outputs: [1, 2], values: [1])
    try channel.writeInbound(
      bytes(V1.Frame(call: 1, .inferReply(reply)), V1.Frame(call: 2, .healthReply(V1.HealthReply(serving: .serving)))))
    var outputs: [Float] = [0, 0, 0]
    var values: [Float] = [0]
    #expect(
      throws: WireStatus(
        .internalError,
        "the server answered 1 rows, 8 bytes of outputs and 4 of values, expected 1 rows, 12 bytes and 4 (or none)")
    ) {
      try query.wait(outputs: &outputs, values: &values)
    }
    #expect(try health.wait() == .healthReply(V1.HealthReply(serving: .serving)))
  }

  @Test("A reply without values gives zeros")
  func noValues() throws {
    try greet()
    let query = try query(observationWidth: 2, parameterWidth: 1)
    try query.submit([1, 2, 3, 4])
    channel.embeddedEventLoop.run()
    try channel.writeInbound(
      bytes(V1.Frame(call: 1, .inferReply(V1.InferReply(version: 1, rows: 2, outputs: [5, 6])))))
    var outputs: [Float] = [0, 0]
    var values: [Float] = [9, 9]
    #expect(try query.wait(outputs: &outputs, values: &values) == 1)
    #expect(outputs == [5, 6] && values == [0, 0])
  }

  @Test("A call ends at its deadline, whatever the server does: it is cancelled there, and a late reply is not for it")
  func deadline() throws {
    try greet()
    let call = open(.health(.init()), timeout: .milliseconds(30))
    let other = open(.health(.init()))
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(29))
    #expect(try sent().map(\.call) == [1, 2])
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(failure(of: call) == WireStatus(.deadlineExceeded, "no answer within 0.03 seconds"))
    #expect(try sent() == [V1.Frame(call: 1, .cancel)])
    try channel.writeInbound(bytes(.healthReply(1), .healthReply(2, .notServing)))
    #expect(try other.wait() == .healthReply(V1.HealthReply(serving: .notServing)))
  }

  @Test("A call that waits for room ends at its deadline unsent")
  func deadlineUnsent() throws {
    try greet()
    let sentCalls = (0..<4).map { _ in open(.health(.init())) }
    let call = open(.health(.init()), timeout: .milliseconds(30))
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(30))
    #expect(failure(of: call)?.code == .deadlineExceeded)
    try channel.writeInbound(bytes(.healthReply(1)))
    channel.embeddedEventLoop.run()
    #expect(try sent().map(\.body) == Array(repeating: .health(.init()), count: 4))
    connection.close(WireStatus(.cancelled, "the end"))
    for call in sentCalls[1...] { #expect(failure(of: call)?.code == .cancelled) }
  }

  @Test("A query says the microseconds left when it is written, not when it was asked")
  func deadlineOnTheWire() throws {
    let call = open(.infer(V1.InferRequest(model: "m", rows: 1)), rows: 1, timeout: .milliseconds(30))
    _ = try sent()
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(10))
    let limits = WireLimits(frameBytesMax: 1 << 20, rowsPerCallMax: 16, callsInFlightMax: 4, rowsInFlightMax: 64)
    try channel.writeInbound(bytes(V1.Frame(.welcome(limits.welcome(server: "embedded")))))
    channel.embeddedEventLoop.run()
    #expect(try sent().map(\.query.deadlineMicroseconds) == [20_000])
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(20))
    #expect(failure(of: call)?.code == .deadlineExceeded)
  }

  @Test("A call that is given up makes room for one that waits, once")
  func givingUp() throws {
    try greet()
    let calls = (0..<5).map { _ in openCall(.health(.init())) }
    channel.embeddedEventLoop.run()
    #expect(try sent().count == 4)
    connection.end(calls[1].call, WireStatus(.cancelled, "enough"))
    connection.end(calls[1].call, WireStatus(.aborted, "again"))
    channel.embeddedEventLoop.run()
    #expect(failure(of: calls[1].reply) == WireStatus(.cancelled, "enough"))
    #expect(try sent() == [V1.Frame(call: 2, .cancel), V1.Frame(call: 5, .health(.init()))])
    connection.close(WireStatus(.unavailable, "the end"))
    for index in [0, 2, 3, 4] { #expect(failure(of: calls[index].reply)?.code == .unavailable) }
  }

  @Test("A status OK without a reply is the server's fault, not an answer")
  func okWithoutReply() throws {
    try greet()
    let call = open(.health(.init()))
    try channel.writeInbound(bytes(.status(1, .ok, "")))
    #expect(failure(of: call)?.code == .internalError)
  }
}
