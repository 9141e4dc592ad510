public import Logging
public import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Wire

/// Answers `GET /metrics` over HTTP/1.1 with what the service measured, in Prometheus' text format.
///
/// It takes no secrets and needs none: bind it to an address that only the watchers reach.
///
/// Bounded whatever clients do: 64 connections, the headers that NIOHTTP1 takes, one answer at a time a connection, 10
/// seconds for a request to arrive whole and 10 for its answer to be taken.
public final class MetricsEndpoint: Sendable {
  static let connectionsMax = 64
  public static let patience = TimeAmount.seconds(10)

  /// Where it listens: an address that was asked for with port 0 has its port here.
  public let address: SocketAddress
  private let channel: any Channel
  private let connections: OpenConnections

  /// - Parameters:
  ///   - group: its event loops read and write; the text is made off them.
  ///   - patience: how long a request, and the taking of its answer, may last.
  ///   - snapshot: called once a request.
  /// - Throws: NIO's error where the address cannot be bound.
  public static func start(
    host: String, port: Int, group: any EventLoopGroup, patience: TimeAmount = MetricsEndpoint.patience,
    logger: Logger, snapshot: @escaping @Sendable () async -> ServiceSnapshot
  ) async throws -> MetricsEndpoint {
    let connections = OpenConnections(max: connectionsMax)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause(logger)) }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try connections.admit(channel)
          try addHandlers(to: channel, patience: patience, snapshot: snapshot)
        }
      }
      .bind(host: host, port: port).get()
    guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
    return MetricsEndpoint(address: address, channel: channel, connections: connections)
  }

  static func addHandlers(
    to channel: any Channel, patience: TimeAmount = patience,
    snapshot: @escaping @Sendable () async -> ServiceSnapshot
  ) throws {
    // With pipelining assistance the next request waits unread until this one is answered.
    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
    try channel.pipeline.syncOperations.addHandler(MetricsHandler(patience: patience, snapshot: snapshot))
  }

  private init(address: SocketAddress, channel: any Channel, connections: OpenConnections) {
    self.address = address
    self.channel = channel
    self.connections = connections
  }

  /// Listens no longer and cuts off who is connected.
  public func close() async {
    try? await channel.close()
    await connections.closeAll()
  }
}

/// A bounded set of channels.
private final class OpenConnections: Sendable {
  struct TooMany: Error {}

  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isClosed = false
  }

  private let max: Int
  private let state = Mutex(State())

  init(max: Int) {
    self.max = max
  }

  /// - Throws: where there are as many as may be; who is initialising the channel then closes it.
  func admit(_ channel: any Channel) throws {
    let identity = ObjectIdentifier(channel)
    try state.withLock { state in
      guard !state.isClosed, state.channels.count < max else { throw TooMany() }
      state.channels[identity] = channel
    }
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.state.withLock { $0.channels[identity] = nil }
    }
  }

  func closeAll() async {
    let open = state.withLock { state in
      state.isClosed = true
      return Array(state.channels.values)
    }
    for channel in open { try? await channel.close() }
  }
}
