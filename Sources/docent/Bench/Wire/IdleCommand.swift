import ArgumentParser
import CLoad
import Console
import NIOCore
import NIOPosix
import StudentTraining
import Wire

/// Connections that say nothing unless they are told to, in a process of their own: the clients of ``IdleMeasure``.
struct IdleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Hold idle connections to a service, until standard input ends.",
    discussion: """
      Says "greeted N" when all connections are. For each line "ask" on standard input every connection asks one query of \
      the model "bench" with the network 4-64-64-2, and "answered N" is said when all are answered. Pings are answered.
      """, shouldDisplay: false)

  @Option(help: ArgumentHelp("The service's port on 127.0.0.1.", valueName: "n"))
  var port: UInt16

  @Option(help: ArgumentHelp("How many.", valueName: "n"))
  var connections: Int

  /// Connections that are being made at a time: fewer than a listening socket lets wait.
  private static let connectingMax = 64

  func run() async throws {
    _ = cload_raise_descriptor_limit()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let (events, feed) = AsyncStream.makeStream(of: IdleEvent.self)
    let channels = try await connect(group, feed)
    var waiting = events.makeAsyncIterator()
    try await wait(for: .greeted, &waiting)
    StandardStream.output.write("greeted \(connections)\n")
    while let line = try await onOwnThread({ readLine() }) {
      guard line == "ask" else { throw BenchFailure("'\(line)' was said, expected 'ask'") }
      for channel in channels { channel.pipeline.fireUserInboundEventTriggered(IdleOrder.ask) }
      try await wait(for: .answered, &waiting)
      StandardStream.output.write("answered \(connections)\n")
    }
    try await group.shutdownGracefully()
  }

  private func connect(
    _ group: MultiThreadedEventLoopGroup, _ feed: AsyncStream<IdleEvent>.Continuation
  ) async throws -> [any Channel] {
    let bootstrap = ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(ByteToMessageHandler(FrameDecoder()))
          try pipeline.addHandler(IdleHandler(feed))
        }
      }
    var channels: [any Channel] = []
    while channels.count < connections {
      let wave = (0..<min(Self.connectingMax, connections - channels.count)).map { _ in
        bootstrap.connect(host: "127.0.0.1", port: Int(port))
      }
      for channel in wave { channels.append(try await channel.get()) }
    }
    return channels
  }

  private func wait(for event: IdleEvent, _ events: inout AsyncStream<IdleEvent>.Iterator) async throws {
    for _ in 0..<connections {
      let given = await events.next()
      guard given == event else {
        throw BenchFailure("a connection was \(given.map { "\($0)" } ?? "lost"), expected \(event)")
      }
    }
  }
}

/// What a connection tells.
private enum IdleEvent: Sendable, Equatable { case greeted, answered, lost(String) }

/// What a connection is told.
private enum IdleOrder: Sendable { case ask }

private final class IdleHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let feed: AsyncStream<IdleEvent>.Continuation
  private var codec = FrameCodec()
  private var calls: UInt32 = 0

  init(_ feed: AsyncStream<IdleEvent>.Continuation) {
    self.feed = feed
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: WireFrames.hello)), promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleOrder else { return context.fireUserInboundEventTriggered(event) }
    calls += 1
    write(V1.Frame(call: calls, .infer(WireFrames.query(.small, model: BenchModel.name, rows: 1))), context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      let frame = try unwrapInboundIn(data).withUnsafeReadableBytes { bytes throws(DecodingFault) in
        try codec.read(bytes)
      }
      switch frame.body {
      case .welcome: feed.yield(.greeted)
      case .inferReply: feed.yield(.answered)
      case .ping(let payload): write(V1.Frame(.pong(payload)), context)
      default: feed.yield(.lost("told \(frame.body)"))
      }
    } catch {
      feed.yield(.lost("\(error)"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) { feed.yield(.lost("closed")) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    feed.yield(.lost("\(error)"))
    context.close(promise: nil)
  }

  private func write(_ frame: V1.Frame, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: codec.bytes(of: frame))), promise: nil)
  }
}
