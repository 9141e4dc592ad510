public import Logging
public import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Rests where connections cannot be accepted, as without descriptors, and says so once: a listener that is readable all
/// the time and cannot accept would keep its event loop busy with nothing else.
public final class AcceptPause: ChannelInboundHandler {
  public typealias InboundIn = any Channel

  private static let rest = TimeAmount.seconds(1)

  private let logger: Logger
  private var isFailing = false
  private var isResting = false

  public init(_ logger: Logger) {
    self.logger = logger
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isFailing {
      isFailing = false
      logger.notice("connections are accepted again")
    }
    context.fireChannelRead(data)
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What goes wrong with one connection that was accepted is that connection's.
    guard let error = error as? IOError else { return }
    rest(context)
    guard !isFailing else { return }
    isFailing = true
    let advice =
      [EMFILE, ENFILE].contains(error.errnoCode) ? "; raise the limit of open files, or lower --connections-max" : ""
    logger.error("connections cannot be accepted, and wait: \(describe(error))\(advice)")
  }

  private func rest(_ context: ChannelHandlerContext) {
    guard !isResting else { return }
    isResting = true
    // Without automatic reading the selector does not look at the listener.
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) {
      self.isResting = false
      try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }
}
