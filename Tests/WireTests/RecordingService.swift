import Logging
import NIOCore
import NIOEmbedded
import Wire

/// A service that remembers what it was handed, and answers each turn's queries at the turn's end.
final class RecordingService: ConnectionService {
  struct Query: Equatable {
    var call: UInt32
    var model: String
    var rows: Int
    var observations: [UInt8]
  }

  private(set) var queries: [Query] = []
  private(set) var requests: [(call: UInt32, request: ServerRequest)] = []
  private(set) var cancelled: [UInt32] = []
  private(set) var turns = 0
  private(set) var abandoned = 0
  private(set) var endedWatches = 0
  private var waiting: [(ServerConnection<RecordingService>, UInt32, Int)] = []
  /// Queries wait for `answer()` instead of the turn.
  var holdsQueries = false
  var holdsRequests = false
  /// What requests are answered.
  var requestAnswer = V1.Body.healthReply(V1.HealthReply(serving: .serving))
  /// Queries are refused at once.
  var refusal: WireStatus?
  private(set) var held: [(ServerConnection<RecordingService>, UInt32)] = []

  func infer(_ query: InferRequestView, on connection: ServerConnection<RecordingService>) {
    queries.append(
      Query(
        call: query.call, model: String(decoding: query.model, as: UTF8.self), rows: query.rows,
        observations: Array(query.observations)))
    if let refusal { return connection.refuse(query.call, rows: query.rows, refusal) }
    waiting.append((connection, query.call, query.rows))
    connection.loop.needsTurn()
  }

  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<RecordingService>) {
    requests.append((call, request))
    if holdsRequests { return held.append((connection, call)) }
    if case .publish(_, let artefact) = request {
      connection.answer(call, with: .publishReply(V1.PublishReply(version: UInt64(artefact.count))))
    } else {
      connection.answer(call, with: requestAnswer)
    }
  }

  func cancel(call: UInt32, on connection: ServerConnection<RecordingService>) {
    cancelled.append(call)
  }

  func abandon(_ connection: ServerConnection<RecordingService>) {
    abandoned += 1
  }

  func endWatches(of connection: ServerConnection<RecordingService>) {
    endedWatches += 1
  }

  func turnWritten() {}

  var backlogMicroseconds: UInt64 { 7 }

  func runTurn() {
    turns += 1
    if !holdsQueries { answer() }
  }

  func answer() {
    let now = waiting
    waiting = []
    for (connection, call, rows) in now {
      [Float](repeating: 1.5, count: rows).withUnsafeBytes { numbers in
        connection.reply(to: call, InferReplyParts(version: 9, rows: rows, outputs: numbers, values: numbers))
      }
    }
  }
}

/// A connection of a recording service on an embedded channel.
struct EmbeddedConnection {
  let channel: EmbeddedChannel
  let service: RecordingService
  let loop: ServerLoop<RecordingService>

  init(
    limits: WireLimits = .defaults, on eventLoop: EmbeddedEventLoop = EmbeddedEventLoop(),
    gate: any Gatekeeper = OpenGate(), logger: Logger = .silent, change: (inout ServerSettings) -> Void = { _ in }
  ) throws {
    channel = EmbeddedChannel(loop: eventLoop)
    service = RecordingService()
    var settings = ServerSettings.defaults
    settings.limits = limits
    change(&settings)
    loop = ServerLoop(
      eventLoop: eventLoop, service: service, settings: settings, share: ServerShare(settings: settings, gate: gate),
      logger: logger)
    try WireServer.add(loop: loop, to: channel)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private init(
    channel: EmbeddedChannel, service: RecordingService, loop: ServerLoop<RecordingService>
  ) throws {
    (self.channel, self.service, self.loop) = (channel, service, loop)
    try WireServer.add(loop: loop, to: channel)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  /// Another connection of the same server.
  func another() throws -> EmbeddedConnection {
    try EmbeddedConnection(
      channel: EmbeddedChannel(loop: channel.embeddedEventLoop), service: service, loop: loop)
  }

  func close() throws {
    _ = try channel.finish(acceptAlreadyClosed: true)
    channel.embeddedEventLoop.run()
  }

  /// The client ends its side.
  func end() {
    channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    channel.embeddedEventLoop.run()
  }

  func send(_ frames: V1.Frame...) throws {
    var codec = FrameCodec()
    try send(bytes: frames.flatMap { codec.bytes(of: $0) })
  }

  func send(bytes: [UInt8]) throws {
    try channel.writeInbound(ByteBuffer(bytes: bytes))
    channel.embeddedEventLoop.run()
  }

  func greet(token: String = "") throws {
    try send(V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "test", token: token))))
    _ = try receive()
  }

  /// The frames that were sent since.
  func receive() throws -> [V1.Frame] {
    var codec = FrameCodec()
    var frames: [V1.Frame] = []
    for bytes in try receiveBuffers() {
      var buffer = bytes
      var decoder = FrameDecoder()
      while let payload = try decoder.decode(buffer: &buffer) {
        frames.append(try payload.withUnsafeReadableBytes { bytes throws(DecodingFault) in try codec.read(bytes) })
      }
    }
    return frames
  }

  func receiveBuffers() throws -> [ByteBuffer] {
    var buffers: [ByteBuffer] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
    return buffers
  }
}
