public import NIOCore
import NIOPosix

/// Listens for the connections of a service.
public enum WireServer {
  /// - Parameters:
  ///   - group: accepts the connections and runs the loops.
  ///   - loops: a connection belongs to one of them, in turn as NIO deals them out.
  public static func bind<Service>(
    host: String, port: Int, group: any EventLoopGroup, loops: [ServerLoop<Service>]
  ) async throws -> any Channel {
    precondition(!loops.isEmpty, "a server needs a loop")
    let settings = loops[0].settings
    return try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // One read a turn: the rest waits in the kernel while the others have theirs.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: settings.unsentBytesMax / 4, high: settings.unsentBytesMax)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
            preconditionFailure("a channel of an event loop without a server loop")
          }
          try add(loop: loop, to: channel)
        }
      }
      .bind(host: host, port: port).get()
  }

  /// Makes `channel`, of the loop's event loop, a connection of it.
  package static func add<Service>(loop: ServerLoop<Service>, to channel: any Channel) throws {
    let readSize = ReadSize()
    try channel.syncOptions?.setOption(.recvAllocator, value: readSize)
    try channel.pipeline.syncOperations.addHandler(ServerConnection(loop: loop, readSize: readSize))
  }
}
