import NIOCore

/// Reads a server's frames, answers its pings, and notices when it is gone.
final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let connection: ClientConnection
  private let configuration: ClientConfiguration
  /// For reading alone: packing is done under the connection's lock, in another.
  private var codec: FrameCodec
  /// A frame that is not whole yet, and what came before it is done with.
  private var unread = ByteBuffer()
  private var lastRead = NIODeadline.now()
  private var keepalive: Scheduled<Void>?
  private var isGreeted = false

  init(_ connection: ClientConnection, _ configuration: ClientConfiguration) {
    self.connection = connection
    self.configuration = configuration
    codec = FrameCodec(frameBytesMax: configuration.frameBytesMax)
  }

  func channelActive(context: ChannelHandlerContext) {
    let hello = V1.Hello(
      protocolNumber: WireLimits.protocolNumber, client: configuration.name, token: configuration.token)
    write(V1.Frame(.hello(hello)), context)
    lastRead = context.eventLoop.now
    checkLater(context, after: TimeAmount(configuration.keepaliveTime))
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    connection.close(isGreeted ? lost("it was closed at the other end") : closedUnanswered)
    context.fireChannelInactive()
  }

  /// A channel that never connected becomes inactive without a word.
  func handlerRemoved(context: ChannelHandlerContext) {
    keepalive?.cancel()
    connection.close(lost("it was closed"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    connection.close(isGreeted ? lost(describe(error)) : connection.address.failed(describe(error)))
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastRead = context.eventLoop.now
    var buffer = unwrapInboundIn(data)
    if unread.readableBytes > 0 {
      unread.writeBuffer(&buffer)
      read(&unread, context)
      unread.discardReadBytes()
    } else {
      read(&buffer, context)
      // A copy of what is left, so that it does not keep the channel's whole buffer.
      unread.clear()
      unread.writeBuffer(&buffer)
    }
    connection.sendWaiting()
  }

  private func read(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) {
    do {
      let read = try buffer.withUnsafeReadableBytes { try readFrames($0, context) }
      buffer.moveReaderIndex(forwardBy: read)
    } catch {
      buffer.clear()
      connection.close(
        WireStatus(
          .internalError,
          "\(connection.address) does not speak Docent's protocol (\(error)): another service, or one that wants TLS (--tls)?"
        ))
    }
  }

  /// - Returns: the bytes of the frames that were whole.
  private func readFrames(
    _ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext
  ) throws(FrameRefusal) -> Int {
    var start = 0
    while bytes.count - start >= FrameHeader.byteCount {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
      let header = try FrameHeader.read(rest, frameBytesMax: configuration.frameBytesMax)
      let end = FrameHeader.byteCount + header.payloadBytes
      guard rest.count >= end else { break }
      do {
        switch try codec.readReply(UnsafeRawBufferPointer(rebasing: rest[FrameHeader.byteCount..<end])) {
        case .infer(let reply): connection.answer(reply)
        case .other(let frame): handle(frame, context)
        }
      } catch {
        switch error {
        case .frame(let refusal): throw refusal
        case .call(let number, let status): connection.answer(number, .status(status))
        }
      }
      start += end
    }
    return start
  }

  private func handle(_ frame: V1.Frame, _ context: ChannelHandlerContext) {
    switch frame.body {
    case .welcome(let welcome):
      isGreeted = true
      connection.welcomed(welcome)
    case .goAway(let goAway): connection.left(goAway)
    case .ping(let payload): write(V1.Frame(.pong(payload)), context)
    case .pong(let payload): connection.ponged(payload)
    default: connection.answer(frame.call, frame.body)
    }
  }

  // MARK: Keepalive

  private func checkLater(_ context: ChannelHandlerContext, after delay: TimeAmount) {
    keepalive = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.check(context) }
  }

  private func check(_ context: ChannelHandlerContext) {
    let silence = context.eventLoop.now - lastRead
    let time = TimeAmount(configuration.keepaliveTime)
    let timeout = TimeAmount(configuration.keepaliveTimeout)
    if silence >= time + timeout {
      connection.close(lost("nothing came for \(configuration.keepaliveTime + configuration.keepaliveTimeout)"))
    } else if silence >= time {
      write(V1.Frame(.ping(0)), context)
      checkLater(context, after: timeout)
    } else {
      checkLater(context, after: time - silence)
    }
  }

  // MARK: Small parts

  private func write(_ frame: V1.Frame, _ context: ChannelHandlerContext) {
    var buffer = context.channel.allocator.buffer(capacity: 256)
    codec.write(frame, into: &buffer)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  private var closedUnanswered: WireStatus {
    let guess = configuration.tls == nil ? "does it want TLS (--tls)?" : "does it speak TLS?"
    return connection.address.failed("it was closed at the other end before it answered: \(guess)")
  }

  private func lost(_ why: String) -> WireStatus {
    WireStatus(.unavailable, "the connection to \(connection.address) was lost: \(why)")
  }
}
