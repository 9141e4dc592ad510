import Logging
public import NIOCore

/// One connection of a server: bytes to calls, answers to bytes. The only handler of its pipeline.
///
/// A service answers a call with one of ``reply(to:version:rows:outputs:values:)``, ``answer(_:with:)`` and
/// ``refuse(_:rows:_:)``. A connection with open calls outlives its socket, so a service may keep it unretained until it
/// has answered.
public final class ServerConnection<Service: ConnectionService>: ChannelDuplexHandler {
  public typealias InboundIn = ByteBuffer
  public typealias OutboundIn = Never
  public typealias OutboundOut = ByteBuffer

  public let loop: ServerLoop<Service>
  /// The name that the client gave in `Hello`.
  public private(set) var client = ""

  private var state: ServerConnectionState
  private var context: ChannelHandlerContext?
  /// The beginning of a frame whose end has not come.
  private var partial = ByteBuffer()
  private var output = ByteBuffer()
  private var isUnflushed = false
  private var hasOpenCallsAfterClose = false
  private var isReadWithheld = false
  private var isEnding = false
  private let readSize: ReadSize
  private var queries = 0
  private var refusals = 0

  init(loop: ServerLoop<Service>, readSize: ReadSize) {
    self.loop = loop
    self.readSize = readSize
    state = ServerConnectionState(limits: loop.settings.limits, artefactBytesMax: loop.settings.artefactBytesMax)
  }

  // MARK: Answers

  /// Answers a query, reading the numbers where they are.
  ///
  /// - Parameters:
  ///   - outputs: rows x parameter width, fp32; empty where none are wanted.
  ///   - values: rows, fp32; empty where none are wanted.
  public func reply(
    to call: UInt32, version: UInt64, rows: Int, outputs: UnsafeRawBufferPointer, values: UnsafeRawBufferPointer
  ) {
    state.finish(rows: rows)
    guard context != nil else { return releaseIfFinished() }
    loop.codec.writeInferReply(
      call: call, version: version, rows: rows, outputs: outputs, values: values, into: &output)
    markUnflushed()
  }

  /// Answers any other call.
  public func answer(_ call: UInt32, with body: V1.Body) {
    state.finish(rows: 0)
    guard context != nil else { return releaseIfFinished() }
    write(V1.Frame(call: call, body))
  }

  /// Answers a call with a status.
  ///
  /// - Parameter rows: the query's rows; 0 for another call.
  public func refuse(_ call: UInt32, rows: Int, _ status: WireStatus) {
    state.finish(rows: rows)
    guard context != nil else { return releaseIfFinished() }
    refusals += 1
    write(V1.Frame(call: call, .status(status)))
  }

  private func write(_ frame: V1.Frame) {
    loop.codec.write(frame, into: &output)
    markUnflushed()
  }

  @inline(__always)
  private func markUnflushed() {
    if !isUnflushed {
      isUnflushed = true
      loop.hasOutput(self)
    }
  }

  private func releaseIfFinished() {
    if hasOpenCallsAfterClose, state.callsInFlight == 0 {
      hasOpenCallsAfterClose = false
      loop.remove(self)
    }
  }

  /// Sends what was written in this turn.
  func flush() {
    isUnflushed = false
    guard let context else { return }
    if output.readableBytes > 0 {
      context.writeAndFlush(wrapOutboundOut(output), promise: nil)
      // The socket has usually taken all of it by now, and this buffer is the only one that refers to its memory.
      if output.capacity > 64 << 10 { output = ByteBuffer() } else { output.clear() }
    }
    if state.isFinished { end() }
  }

  // MARK: Reading

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state.isReading else { return }
    let buffer = unwrapInboundIn(data)
    if partial.readableBytes == 0 {
      let taken = buffer.withUnsafeReadableBytes { readFrames($0) }
      if taken < buffer.readableBytes, state.isReading {
        buffer.withUnsafeReadableBytes { bytes in
          _ = partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
        }
      }
    } else {
      buffer.withUnsafeReadableBytes { bytes in _ = partial.writeBytes(bytes) }
      // The frames are handled while `partial` is read: it is taken out meanwhile, since a handler may close.
      var joined = ByteBuffer()
      swap(&joined, &partial)
      let taken = joined.withUnsafeReadableBytes { readFrames($0) }
      joined.moveReaderIndex(forwardBy: taken)
      if state.isReading { keep(joined) }
    }
  }

  private func keep(_ rest: ByteBuffer) {
    if rest.readableBytes == 0 {
      if rest.capacity <= 16 << 10 {
        partial = rest
        partial.clear()
      }
    } else {
      partial = rest
      if partial.readerIndex > partial.readableBytes { partial.discardReadBytes() }
    }
  }

  /// Handles the whole frames at the front.
  ///
  /// - Returns: how many bytes they have.
  private func readFrames(_ bytes: UnsafeRawBufferPointer) -> Int {
    var taken = 0
    var rows = 0
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
      guard rest.count >= FrameHeader.byteCount else { break }
      let header: FrameHeader
      do {
        header = try FrameHeader.read(rest, frameBytesMax: loop.settings.limits.frameBytesMax)
      } catch {
        refuseFrame(error)
        return bytes.count
      }
      let frameBytes = FrameHeader.byteCount + header.payloadBytes
      guard rest.count >= frameBytes else {
        readSize.record(bytes: taken, rows: rows)
        readSize.expect(bytes: frameBytes - rest.count)
        return taken
      }
      rows += readPayload(UnsafeRawBufferPointer(rebasing: rest[FrameHeader.byteCount..<frameBytes]))
      guard state.isReading else { return bytes.count }
      taken += frameBytes
    }
    readSize.record(bytes: taken, rows: rows)
    return taken
  }

  /// - Returns: the rows of the query that it was.
  @inline(__always)
  private func readPayload(_ payload: UnsafeRawBufferPointer) -> Int {
    do {
      switch try loop.codec.readRequest(payload) {
      case .infer(let query):
        let rows = query.rows
        let admission = state.openQuery(call: query.call, rows: rows)
        if case .start = admission {
          loop.service.infer(query, on: self)
          queries &+= 1
          return rows
        }
        turnAway(query.call, admission)
      case .other(let frame): handle(frame)
      }
    } catch {
      switch error {
      case .frame(let refusal): refuseFrame(refusal)
      case .call(let call, let status): handleUnusable(call, status)
      }
    }
    return 0
  }

  // MARK: Frames other than queries

  private func handle(_ frame: V1.Frame) {
    switch frame.body {
    case .hello(let hello): greet(hello, call: frame.call)
    case .ping(let payload): whenGreeted("Ping") { write(V1.Frame(.pong(payload))) }
    case .pong: whenGreeted("Pong") {}
    case .goAway: whenGreeted("GoAway") { state.drain() }
    case .cancel: whenGreeted("Cancel") { cancel(frame.call) }
    case .chunk(let chunk): advance(state.receive(chunk, call: frame.call), call: frame.call)
    case .publish(let header):
      guard open(frame.call) else { return }
      advance(state.begin(header, call: frame.call), call: frame.call)
    case .unrecognized where frame.call <= state.lastCall: whenGreeted("an unknown message") {}
    default:
      guard let request = ServerRequest(frame.body) else {
        return fail(
          WireStatus(.internalError, "a message that only servers send, expected a client's"), of: "message")
      }
      guard open(frame.call) else { return }
      loop.service.handle(request, call: frame.call, on: self)
    }
    if state.isFinished { markUnflushed() }
  }

  private func greet(_ hello: V1.Hello, call: UInt32) {
    switch state.receive(hello, call: call) {
    case .welcome:
      client = hello.client
      loop.logger.debug("connection greeted", metadata: metadata)
      write(V1.Frame(.welcome(loop.settings.limits.welcome(server: loop.settings.name))))
    case .fail(let status): fail(status, of: "Hello")
    }
  }

  private func whenGreeted(_ what: String, _ body: () -> Void) {
    if state.phase == .greeting {
      fail(WireStatus(.failedPrecondition, "\(what) before Hello, expected Hello first"), of: what)
    } else {
      body()
    }
  }

  private func open(_ call: UInt32) -> Bool {
    let admission = state.open(call: call)
    if case .start = admission { return true }
    turnAway(call, admission)
    return false
  }

  private func turnAway(_ call: UInt32, _ admission: ServerConnectionState.Admission) {
    switch admission {
    case .start, .ignore: break
    case .refuse(let status):
      refusals += 1
      write(V1.Frame(call: call, .status(status)))
    case .fail(let status): fail(status, of: "call")
    }
  }

  /// A frame was read whose message cannot be used.
  private func handleUnusable(_ call: UInt32, _ status: WireStatus) {
    guard call > 0 else { return fail(status, of: "message") }
    if state.cancelPublish(call: call) { return refuse(call, rows: 0, status) }
    if call > state.lastCall, open(call) { refuse(call, rows: 0, status) }
  }

  private func cancel(_ call: UInt32) {
    if state.cancelPublish(call: call) {
      refuse(call, rows: 0, WireStatus(.cancelled, "the client gave up its publish"))
    } else {
      loop.service.cancelQuery(call: call, on: self)
    }
  }

  private func advance(_ step: ServerConnectionState.PublishStep, call: UInt32) {
    switch step {
    case .more: break
    case .whole(let publish):
      loop.service.handle(.publish(publish.header, artefact: publish.assembly.bytes), call: call, on: self)
    case .refuse(let status): refuse(call, rows: 0, status)
    case .fail(let status): fail(status, of: "chunk")
    }
  }

  // MARK: Ends

  private func refuseFrame(_ refusal: FrameRefusal) {
    if case .stranger = refusal {
      // Nobody there would understand a GoAway.
      loop.logger.notice("refused: \(refusal)", metadata: metadata)
      return closeNow()
    }
    fail(refusal.status, of: "frame")
  }

  private func fail(_ status: WireStatus, of what: String) {
    loop.logger.notice("refused a \(what): \(status)", metadata: metadata)
    state.fail()
    write(V1.Frame(.goAway(V1.GoAway(lastCall: state.lastCall, status: status))))
  }

  func drain() {
    guard state.phase == .open || state.phase == .greeting else { return }
    let status = WireStatus(.unavailable, "the server is shutting down")
    write(V1.Frame(.goAway(V1.GoAway(lastCall: state.lastCall, status: status))))
    if state.phase == .greeting { state.fail() } else { state.drain() }
  }

  /// Everything is said: no more is sent, and the peer is given a moment to read it. Closing at once with bytes unread
  /// would reset the connection, and the peer might lose what was said last.
  private func end() {
    guard !isEnding, let context else { return }
    isEnding = true
    state.fail()
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    loop.eventLoop.scheduleTask(in: loop.settings.lingering) { channel.close(promise: nil) }
  }

  func closeNow() {
    state.close()
    context?.close(promise: nil)
  }

  // MARK: The channel

  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
  }

  public func handlerRemoved(context: ChannelHandlerContext) {
    guard self.context != nil else { return }
    self.context = nil
    let awaitsChunks = state.publish != nil
    state.close()
    partial = ByteBuffer()
    output = ByteBuffer()
    if awaitsChunks { state.finish(rows: 0) }
    if state.callsInFlight > 0 { hasOpenCallsAfterClose = true } else { loop.remove(self) }
  }

  public func channelInactive(context: ChannelHandlerContext) {
    loop.logger.debug(
      "connection closed",
      metadata: metadata.merging(["queries": "\(queries)", "refusals": "\(refusals)"]) { first, _ in first })
    context.fireChannelInactive()
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    loop.logger.debug("connection failed: \(error)", metadata: metadata)
    context.close(promise: nil)
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    context.fireUserInboundEventTriggered(event)
  }

  /// A reader that does not read stops being read from.
  public func read(context: ChannelHandlerContext) {
    if context.channel.isWritable || !state.isReading { context.read() } else { isReadWithheld = true }
  }

  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isReadWithheld, context.channel.isWritable {
      isReadWithheld = false
      context.read()
    }
    context.fireChannelWritabilityChanged()
  }

  private var metadata: Logger.Metadata {
    ["peer": "\(context?.remoteAddress?.description ?? "gone")", "client": "\(client)"]
  }
}

extension ServerRequest {
  init?(_ body: V1.Body) {
    switch body {
    case .describe(let request): self = .describe(request)
    case .health(let request): self = .health(request)
    case .listModels: self = .listModels
    case .alias(let request): self = .alias(request)
    case .history(let request): self = .history(request)
    case .verify(let request): self = .verify(request)
    case .fetch: self = .unimplemented(name: "Fetch")
    case .report: self = .unimplemented(name: "Report")
    case .watch: self = .unimplemented(name: "Watch")
    case .rollout: self = .unimplemented(name: "Rollout")
    case .unrecognized: self = .unimplemented(name: "a message of a newer schema")
    default: return nil
    }
  }
}
