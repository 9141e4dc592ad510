public import NIOCore
import NIOPosix
import Synchronization
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A connection whose every frame, and every byte, is a test's own.
public final class RawSession: Sendable {
  public let channel: any Channel
  private let inbox: Inbox

  private init(_ channel: any Channel, _ inbox: Inbox) {
    (self.channel, self.inbox) = (channel, inbox)
  }

  deinit { channel.close(promise: nil) }

  /// - Parameters:
  ///   - reads: whether what comes is read at once; else only after ``read()``.
  ///   - prepare: adds what stands between the socket and the frames, such as TLS.
  public static func connect(
    to address: SocketAddress, reads: Bool = true, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
  ) async throws -> RawSession {
    let inbox = Inbox()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: reads)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try prepare(channel)
          try channel.pipeline.syncOperations.addHandler(Handler(inbox))
        }
      }
      .connect(to: address).get()
    return RawSession(channel, inbox)
  }

  /// Connects and sends `Hello`; the session's first frame is the answer.
  public static func greet(
    _ address: SocketAddress, token: String = "", reads: Bool = true,
    prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
  ) async throws -> RawSession {
    let session = try await connect(to: address, reads: reads, prepare: prepare)
    try await session.send(V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "raw", token: token))))
    return session
  }

  // MARK: What is said

  /// Returns when the socket has taken it.
  public func send(_ frames: V1.Frame...) async throws {
    try await send(bytes: RawConnection.bytes(of: frames))
  }

  public func send(bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }

  /// Hands bytes to the socket, which may take them later or never.
  public func post(bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

  /// Ends this side alone.
  public func sayNoMore() async throws { try await channel.close(mode: .output).get() }

  public func close() async { try? await channel.close().get() }

  /// Ends the connection as a process that dies with bytes unread does: by a reset.
  public func reset() async {
    try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    await close()
  }

  // MARK: What is heard

  /// The next frame; nil when the server has ended the connection, or this task is cancelled.
  public func next() async -> V1.Frame? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { inbox.take($0) }
    } onCancel: {
      inbox.end()
    }
  }

  /// All frames until the server ends the connection.
  public func rest() async -> [V1.Frame] {
    var frames: [V1.Frame] = []
    while let frame = await next() { frames.append(frame) }
    return frames
  }

  /// Asks, and takes the next frame for the answer.
  public func ask(_ call: UInt32, _ body: V1.Body) async throws -> V1.Body? {
    try await send(V1.Frame(call: call, body))
    return await next()?.body
  }

  /// Reads from now on.
  public func read() async throws { try await channel.setOption(.autoRead, value: true).get() }

  /// Bytes that came.
  public var bytesReceived: Int { inbox.state.withLock { $0.bytes } }

  // MARK: The channel

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let inbox: Inbox
    private var buffer = ByteBuffer()
    private var codec = FrameCodec()
    private var decoder = FrameDecoder(frameBytesMax: 64 << 20)

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var new = unwrapInboundIn(data)
      inbox.state.withLock { $0.bytes += new.readableBytes }
      buffer.writeBuffer(&new)
      do {
        while let payload = try decoder.decode(buffer: &buffer) {
          inbox.add(try payload.withUnsafeReadableBytes { bytes throws(DecodingFault) in try codec.read(bytes) })
        }
        buffer.discardReadBytes()
      } catch {
        context.close(promise: nil)
      }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case ChannelEvent.inputClosed? = event as? ChannelEvent {
        inbox.end()
        context.close(promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    func handlerRemoved(context: ChannelHandlerContext) { inbox.end() }
  }
}

/// What has come and was not taken.
private final class Inbox: Sendable {
  struct State {
    var frames: [V1.Frame] = []
    var hasEnded = false
    var waiting: CheckedContinuation<V1.Frame?, Never>?
    var bytes = 0
  }

  let state = Mutex(State())

  func take(_ continuation: CheckedContinuation<V1.Frame?, Never>) {
    let (isThere, frame) = state.withLock { state -> (Bool, V1.Frame?) in
      if !state.frames.isEmpty { return (true, state.frames.removeFirst()) }
      if state.hasEnded { return (true, nil) }
      precondition(state.waiting == nil, "one task waits for the next frame")
      state.waiting = continuation
      return (false, nil)
    }
    if isThere { continuation.resume(returning: frame) }
  }

  func add(_ frame: V1.Frame) {
    let waiting = state.withLock { state in
      if state.waiting == nil { state.frames.append(frame) }
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(returning: frame)
  }

  func end() {
    let waiting = state.withLock { state in
      state.hasEnded = true
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(returning: nil)
  }
}
