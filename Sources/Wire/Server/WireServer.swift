public import Logging
public import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Listens for the connections of a service.
public enum WireServer {
  /// Where a server listens.
  public enum Target: Hashable, Sendable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    /// A socket file; one that nobody answers at any more is replaced.
    case unix(path: String)

    public var description: String {
      switch self {
      case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      case .unix(let path): "unix:\(path)"
      }
    }
  }

  /// - Parameters:
  ///   - group: accepts the connections and runs the loops.
  ///   - loops: a connection belongs to one of them, in turn as NIO deals them out.
  ///   - tls: what TCP connections are secured with; nil: they are not. Unix-domain sockets never are.
  public static func bind<Service>(
    to target: Target, group: any EventLoopGroup, loops: [ServerLoop<Service>], tls: ServerTLS? = nil, logger: Logger
  ) async throws -> any Channel {
    precondition(!loops.isEmpty, "a server needs a loop")
    let settings = loops[0].settings
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(logger))
        }
      }
      // One read a turn: the rest waits in the kernel while the others have theirs.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      // Who asks, and ends its own side, is answered.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: settings.unsentBytesMax / 4, high: settings.unsentBytesMax)
      )
    switch target {
    case .tcp(let host, let port):
      return
        try await bootstrap
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in add(loops, tls, to: channel) }
        .bind(host: host, port: port).get()
    case .unix(let path):
      try await refuseIfAnswered(path, group)
      return
        try await bootstrap
        .childChannelInitializer { channel in add(loops, nil, to: channel) }
        .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    }
  }

  private static func add<Service>(
    _ loops: [ServerLoop<Service>], _ tls: ServerTLS?, to channel: any Channel
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
        preconditionFailure("a channel of an event loop without a server loop")
      }
      if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
      try add(loop: loop, to: channel)
    }
  }

  /// Makes `channel`, of the loop's event loop, a connection of it.
  package static func add<Service>(loop: ServerLoop<Service>, to channel: any Channel) throws {
    let readSize = ReadSize()
    try channel.syncOptions?.setOption(.recvAllocator, value: readSize)
    try channel.pipeline.syncOperations.addHandler(ServerConnection(loop: loop, readSize: readSize))
  }

  /// A socket file that another service answers at is that service's.
  private static func refuseIfAnswered(_ path: String, _ group: any EventLoopGroup) async throws {
    guard let channel = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get() else {
      return
    }
    try? await channel.close()
    throw IOError(errnoCode: EADDRINUSE, reason: "bind")
  }
}
