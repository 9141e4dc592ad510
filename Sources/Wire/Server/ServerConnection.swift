import Logging
public import NIOCore

/// One connection of a server: bytes to calls, answers to bytes. The last handler of its pipeline.
///
/// A service answers a call with one of ``reply(to:_:)``, ``answer(_:with:)``, ``refuse(_:rows:_:)`` and, after parts of
/// an answer, ``finish(_:)``. A connection with open calls outlives its socket, so a service may keep it unretained
/// until it has answered.
public final class ServerConnection<Service: ConnectionService>: ChannelDuplexHandler {
  public typealias InboundIn = ByteBuffer
  public typealias OutboundIn = Never
  public typealias OutboundOut = ByteBuffer

  public let loop: ServerLoop<Service>
  /// The name that the client gave in `Hello`, as logs repeat it.
  public internal(set) var client = ""
  /// Who the client is, and what it may do; nothing before `Hello`.
  public internal(set) var access = Access.nothing
  /// The service's own: rows of this connection in the batch of that mark.
  public var batch: (mark: UInt64, rows: Int) = (0, 0)
  /// The service's own: a number that tells the connection from others where its queries name no episode; 0: none yet.
  public var unit: UInt64 = 0
  /// The service's own: which of two versions answers that unit, for as long as the mark holds.
  public var arm: (mark: UInt64, isCandidate: Bool) = (0, false)
  /// The service's own: calls other than queries that it is answering.
  public var controlCalls = 0

  var state: ServerConnectionState
  var context: ChannelHandlerContext?
  /// The beginning of a frame whose end has not come.
  var partial = ByteBuffer()
  /// What was written in this turn; memory of the loop's, given back when it is sent.
  var output = ByteBuffer()
  private var isUnflushed = false
  private var hasOpenCallsAfterClose = false
  private var isReadWithheld = false
  var isEnding = false
  /// The client has ended its side.
  var isInputClosed = false
  var isCountedIn = false
  let readSize: ReadSize
  private(set) var queries = 0
  var refusals = 0
  var bytesRead: UInt64 = 0
  private var bytesWritten: UInt64 = 0
  var opened = NIODeadline.uptimeNanoseconds(0)
  /// The loop's step at which something came last.
  var heardAt: Int
  /// The same of a publish's header or chunk.
  var publishHeardAt = 0
  /// Payload bytes of a frame that is read now.
  var frameBytesMax: Int
  var greetingTimer: Scheduled<Void>?
  var end = ConnectionEnd.client
  /// Bytes of artefacts that this connection's publishes hold.
  var publishedBytes: [UInt32: Int] = [:]

  init(loop: ServerLoop<Service>, readSize: ReadSize) {
    self.loop = loop
    self.readSize = readSize
    heardAt = loop.step
    frameBytesMax = min(ServerSettings.helloBytesMax, loop.settings.limits.frameBytesMax)
    state = ServerConnectionState(limits: loop.settings.limits, artefactBytesMax: loop.settings.artefactBytesMax)
  }

  // MARK: Answers

  /// Answers a query, reading the numbers where they are.
  public func reply(to call: UInt32, _ reply: InferReplyParts) {
    state.finish(rows: reply.rows)
    guard context != nil else { return releaseIfFinished() }
    takeMemory()
    loop.codec.writeInferReply(call: call, reply, into: &output)
    markUnflushed()
  }

  /// Answers any other call.
  public func answer(_ call: UInt32, with body: V1.Body) {
    finishCall(call)
    guard context != nil else { return releaseIfFinished() }
    let unsent = unsentBytes + output.readableBytes
    guard unsent <= loop.settings.limits.frameBytesMax else {
      let status = WireStatus(
        .resourceExhausted, "\(unsent) bytes of earlier answers were not read yet, expected them to be read first",
        retryAfterMicroseconds: 100_000)
      return write(V1.Frame(call: call, .status(status)))
    }
    takeMemory()
    let before = output.writerIndex
    loop.codec.write(V1.Frame(call: call, body), into: &output)
    let bytes = output.writerIndex - before - FrameHeader.byteCount
    if bytes > loop.settings.limits.frameBytesMax {
      output.moveWriterIndex(to: before)
      let status = WireStatus(
        .resourceExhausted,
        "an answer of \(bytes) bytes, expected at most the \(loop.settings.limits.frameBytesMax) of a frame")
      loop.codec.write(V1.Frame(call: call, .status(status)), into: &output)
    }
    markUnflushed()
  }

  /// Answers a call with a status.
  ///
  /// - Parameter rows: the query's rows; 0 for another call.
  public func refuse(_ call: UInt32, rows: Int, _ status: WireStatus) {
    if rows > 0 { state.finish(rows: rows) } else { finishCall(call) }
    guard context != nil else { return releaseIfFinished() }
    refusals += 1
    write(V1.Frame(call: call, .status(status.shortened)))
  }

  /// Sends a part of a call's answer, and leaves the call open.
  ///
  /// - Returns: done when the socket has taken it; fails where the connection has closed.
  public func send(part body: V1.Body, of call: UInt32) -> EventLoopFuture<Void> {
    guard context != nil else { return loop.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
    takeMemory()
    loop.codec.write(V1.Frame(call: call, body), into: &output)
    let sent = loop.eventLoop.makePromise(of: Void.self)
    writeOutput(sent)
    return sent.futureResult
  }

  /// Ends a call whose answer's last part was sent.
  public func finish(_ call: UInt32) {
    finishCall(call)
    guard context != nil else { return releaseIfFinished() }
    if state.isFinished { markUnflushed() }
  }

  private func finishCall(_ call: UInt32) {
    state.finish(rows: 0)
    releasePublished(call)
  }

  func releasePublished(_ call: UInt32) {
    guard !publishedBytes.isEmpty, let bytes = publishedBytes.removeValue(forKey: call) else { return }
    loop.share.release(publishedBytes: bytes)
  }

  /// Keeps what a publish's artefact holds counted beyond the call's answer: the artefact is still being stored.
  ///
  /// - Returns: to be called once, when its memory is free.
  public func keepPublished(_ call: UInt32) -> @Sendable () -> Void {
    let share = loop.share
    let bytes = publishedBytes.removeValue(forKey: call) ?? 0
    return { share.release(publishedBytes: bytes) }
  }

  func write(_ frame: V1.Frame) {
    takeMemory()
    loop.codec.write(frame, into: &output)
    markUnflushed()
  }

  @inline(__always)
  func markUnflushed() {
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
    guard context != nil else { return }
    writeOutput(nil)
    if state.isFinished { sayNoMore() }
  }

  @inline(__always)
  private func takeMemory() {
    if output.capacity == 0 { output = loop.takeOutput() }
  }

  private func writeOutput(_ sent: EventLoopPromise<Void>?) {
    guard let context, output.readableBytes > 0 else { return sent?.succeed() ?? () }
    let count = UInt64(output.readableBytes)
    bytesWritten &+= count
    loop.counters.bytesWritten &+= count
    context.writeAndFlush(wrapOutboundOut(output), promise: sent)
    // The socket has usually taken all of it by now, and this buffer is the only one that refers to its memory.
    loop.giveBack(output)
    output = ByteBuffer()
  }

  // MARK: Reading

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state.isReading else { return }
    let buffer = unwrapInboundIn(data)
    heardAt = loop.step
    bytesRead &+= UInt64(buffer.readableBytes)
    loop.counters.bytesRead &+= UInt64(buffer.readableBytes)
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
      // A connection that goes idle now holds no more than this.
      if rest.capacity <= 2 << 10 {
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
    let before = queries
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
      guard rest.count >= FrameHeader.byteCount else { break }
      let header: FrameHeader
      do {
        header = try FrameHeader.read(rest, frameBytesMax: frameBytesMax)
      } catch {
        refuseFrame(error)
        return bytes.count
      }
      let frameBytes = FrameHeader.byteCount + header.payloadBytes
      guard rest.count >= frameBytes else {
        readSize.record(bytes: taken, queries: queries - before, rows: rows)
        readSize.expect(bytes: frameBytes - rest.count)
        return taken
      }
      rows += readPayload(UnsafeRawBufferPointer(rebasing: rest[FrameHeader.byteCount..<frameBytes]))
      guard state.isReading else { return bytes.count }
      taken += frameBytes
    }
    readSize.record(bytes: taken, queries: queries - before, rows: rows)
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
          if let rate = access.rate {
            infer(query, rows: rows, within: rate)
          } else {
            loop.service.infer(query, on: self)
            queries &+= 1
          }
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

  /// Only what the service takes in is taken from the rate.
  @inline(never)
  private func infer(_ query: InferRequestView, rows: Int, within rate: RowRate) {
    let wait = rate.take(rows: rows, now: loop.eventLoop.now.uptimeNanoseconds)
    guard wait == 0 else {
      loop.counters.callsRefused[.rate, default: 0] += 1
      return refuse(
        query.call, rows: rows,
        WireStatus(
          .resourceExhausted, "more than \(rate.rowsPerSecond) rows a second, which is what \(access.name) may ask",
          retryAfterMicroseconds: wait / 1000 + 1))
    }
    let refusalsBefore = refusals
    loop.service.infer(query, on: self)
    queries &+= 1
    if refusals != refusalsBefore { rate.giveBack(rows: rows) }
  }

  // MARK: The channel

  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
    if context.channel.isActive { begin() }
  }

  public func channelActive(context: ChannelHandlerContext) {
    begin()
    context.fireChannelActive()
  }

  public func handlerRemoved(context: ChannelHandlerContext) {
    guard self.context != nil else { return }
    logEnd()
    self.context = nil
    releaseUnfinishedPublish()
    state.close()
    partial = ByteBuffer()
    output = ByteBuffer()
    if state.callsInFlight > 0 {
      hasOpenCallsAfterClose = true
      loop.service.abandon(self)
    } else {
      loop.remove(self)
    }
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { hearNoMore() }
    context.fireUserInboundEventTriggered(event)
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(reading: error)
    context.close(promise: nil)
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

  var endMetadata: Logger.Metadata {
    metadata.merging(
      [
        "queries": "\(queries)", "refusals": "\(refusals)", "bytes_read": "\(bytesRead)",
        "bytes_written": "\(bytesWritten)", "end": "\(end.rawValue)",
        "milliseconds": "\((loop.eventLoop.now - opened).nanoseconds / 1_000_000)",
      ]) { first, _ in first }
  }
}
