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
///
/// It rests before the last descriptors are taken, for the process needs some to go on: SQLite opens its journal, and
/// libdispatch, which Swift's tasks run on, ends the process where it cannot open the state of its threads.
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
    // Several are accepted at a time: those that come with the one that was the last are no news.
    if isFailing, !isResting {
      isFailing = false
      logger.notice("connections are accepted again")
    }
    context.fireChannelRead(data)
    guard !isResting, !DescriptorReserve.isThere else { return }
    rest(context)
    sayOnce("the last \(DescriptorReserve.size) descriptors are kept for the process itself\(Self.advice)")
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What goes wrong with one connection that was accepted is that connection's.
    guard let error = error as? IOError else { return }
    rest(context)
    sayOnce("\(describe(error))\([EMFILE, ENFILE].contains(error.errnoCode) ? Self.advice : "")")
  }

  private static let advice = "; raise the limit of open files, or lower --connections-max"

  private func sayOnce(_ why: String) {
    guard !isFailing else { return }
    isFailing = true
    logger.error("connections cannot be accepted, and wait: \(why)")
  }

  private func rest(_ context: ChannelHandlerContext) {
    guard !isResting else { return }
    isResting = true
    // Without automatic reading the selector does not look at the listener.
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    wake(context)
  }

  private func wake(_ context: ChannelHandlerContext) {
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) {
      guard context.channel.isActive else { return }
      guard DescriptorReserve.isThere else { return self.wake(context) }
      self.isResting = false
      try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }
}

/// Descriptors that connections leave to the rest of the process.
enum DescriptorReserve {
  /// More than the listeners of a service accept before one of them looks.
  static let size = 16

  /// Whether more than these are free. The system gives the lowest number that is free: what it gives now says how many
  /// are below the limit.
  static var isThere: Bool {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return true }
    let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return ![EMFILE, ENFILE].contains(errno) }
    close(descriptor)
    return UInt64(descriptor) + UInt64(size) < UInt64(limit.rlim_cur)
  }
}
