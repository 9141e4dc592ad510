import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The load of ``LoadGenerator`` on one event loop of NIO: a fixed number of calls in flight on each of some connections,
/// with TLS where it is wanted. It counts replies by the headers of their frames, and looks at nothing else.
struct NIOLoad: Sendable {
  var frames: LoadGenerator.Frames
  var warmupSeconds = 0.1
  var seconds: Double

  /// - Returns: calls a second.
  func run(port: UInt16, connections: Int, depth: Int, tls: NIOSSLContext?) async throws -> Double {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let rate = try await measure(group, port: port, connections: connections, depth: depth, tls: tls)
      try await group.shutdownGracefully()
      return rate
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private func measure(
    _ group: MultiThreadedEventLoopGroup, port: UInt16, connections: Int, depth: Int, tls: NIOSSLContext?
  ) async throws -> Double {
    let count = ReplyCount()
    var channels: [any Channel] = []
    for _ in 0..<connections {
      channels.append(
        try await ClientBootstrap(group: group)
          .channelOption(.tcpOption(.tcp_nodelay), value: 1)
          .channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
              let pipeline = channel.pipeline.syncOperations
              if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
              try pipeline.addHandler(NIOLoadHandler(frames, depth: depth, count))
            }
          }
          .connect(host: "127.0.0.1", port: Int(port)).get())
    }
    try await Task.sleep(for: .seconds(warmupSeconds))
    let before = count.replies
    let began = ContinuousClock.now
    try await Task.sleep(for: .seconds(seconds))
    let rate = Double(count.replies - before) / ((ContinuousClock.now - began) / .seconds(1))
    count.isOver.store(true, ordering: .relaxed)
    for channel in channels { try? await channel.close().get() }
    if let failure = count.failure { throw BenchFailure("the load failed: \(failure)") }
    guard rate > 0 else { throw BenchFailure("no call of the load was answered") }
    return rate
  }
}

/// What all connections of a load have counted.
private final class ReplyCount: Sendable {
  private let counted = Atomic<Int>(0)
  private let failed = Mutex<String?>(nil)
  let isOver = Atomic<Bool>(false)

  var replies: Int { counted.load(ordering: .relaxed) }
  func add(_ replies: Int) { counted.wrappingAdd(replies, ordering: .relaxed) }

  /// The first thing that went wrong while the load was measured.
  var failure: String? { failed.withLock { $0 } }

  func fail(_ reason: String) {
    guard !isOver.load(ordering: .relaxed) else { return }
    failed.withLock { if $0 == nil { $0 = reason } }
  }
}

/// One connection of the load.
private final class NIOLoadHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let frames: LoadGenerator.Frames
  private let depth: Int
  private let count: ReplyCount
  private var scanner = FrameScanner()
  private var isGreeted = false
  private var calls: UInt32 = 0
  private var output = ByteBuffer()

  init(_ frames: LoadGenerator.Frames, depth: Int, _ count: ReplyCount) {
    self.frames = frames
    self.depth = depth
    self.count = count
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frames.preface)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var whole = unwrapInboundIn(data).withUnsafeReadableBytes { scanner.scan($0) }
    if whole > 0, !isGreeted {
      isGreeted = true
      whole -= 1
      ask(depth, context)
    }
    guard whole > 0 else { return }
    count.add(whole)
    ask(whole, context)
  }

  private func ask(_ more: Int, _ context: ChannelHandlerContext) {
    output.clear(minimumCapacity: more * frames.request.count)
    for _ in 0..<more {
      calls += 1
      let at = output.writerIndex
      output.writeBytes(frames.request)
      output.setInteger(calls, at: at + frames.callOffset, endianness: .little)
    }
    context.writeAndFlush(wrapOutboundOut(output), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { count.fail("the server closed a connection") }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    count.fail("\(error)")
    context.close(promise: nil)
  }
}

/// Counts the frames of a stream of bytes, and keeps none of them.
struct FrameScanner {
  private var header: UInt64 = 0
  private var headerBytes = 0
  private var payloadLeft = 0

  /// - Returns: how many frames have ended.
  mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Int {
    var whole = 0
    var at = 0
    while at < bytes.count {
      if headerBytes < 5 {
        header = header << 8 | UInt64(bytes[at])
        headerBytes += 1
        at += 1
        if headerBytes == 5 { payloadLeft = Int(header & 0xffff_ffff) }
      } else {
        let some = min(payloadLeft, bytes.count - at)
        payloadLeft -= some
        at += some
      }
      if headerBytes == 5, payloadLeft == 0 {
        (header, headerBytes) = (0, 0)
        whole += 1
      }
    }
    return whole
  }
}
