public import NIOCore
import NIOPosix
import NIOSSL

/// A client of the teacher service: any number of calls under way, from any thread or task, on connections that come
/// back by themselves.
///
/// Control calls are asynchronous. A learner's thread, which computes while its queries are on the wire and must not
/// suspend, asks through a ``PolicyQuery``.
///
/// Calls are gRPC's in what they mean:
/// - Every failure is a ``WireStatus``: the server's own, or UNAVAILABLE where there is no server or the connection was
///   lost, DEADLINE_EXCEEDED where the call's timeout passed, CANCELLED where its task was cancelled or the client closed.
/// - A call that failed in a way that passes is asked again, as ``RetryPolicy`` says; its timeout is for all attempts
///   together. Moving an alias and publishing carry an id by which the server knows a call that it has answered.
/// - Without `waitForReady` a call fails once an attempt at a connection has failed; with it, it waits for one.
///
/// `timeout` and `waitForReady` of a call are the configuration's where the call does not say.
public final class TeacherClient: Sendable {
  let pool: ConnectionPool
  private let group: any EventLoopGroup
  private let context: NIOSSLContext?

  /// Connects and shakes hands.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`, or `unix:PATH`.
  ///   - group: where the connections' event loops come from; nil for the process's own.
  /// - Throws: ``WireStatus``, INVALID_ARGUMENT for an address or files of TLS that cannot be used; why no connection
  ///   could be made, unless the configuration says `waitForReady`: then it is waited for.
  public static func connect(
    to address: String, configuration: ClientConfiguration = .defaults, group: (any EventLoopGroup)? = nil
  ) async throws(WireStatus) -> TeacherClient {
    let address = try TeacherAddress(address)
    let client = TeacherClient(
      address, configuration, try configuration.tls?.context(for: address),
      group ?? MultiThreadedEventLoopGroup.singleton)
    client.pool.start()
    do {
      _ = try await client.pool.ready(
        CallOptions(deadline: nil, waitForReady: configuration.waitForReady))
    } catch {
      await client.close()
      throw error.status
    }
    return client
  }

  private init(
    _ address: TeacherAddress, _ configuration: ClientConfiguration, _ context: NIOSSLContext?,
    _ group: any EventLoopGroup
  ) {
    self.group = group
    self.context = context
    pool = ConnectionPool(
      address, configuration, group, connector: Self.connector(address, configuration, context))
  }

  private static func connector(
    _ address: TeacherAddress, _ configuration: ClientConfiguration, _ context: NIOSSLContext?
  ) -> ConnectionPool.Connector {
    { loop, onLeave in
      loop.makeFutureWithTask {
        try await ClientConnection.connect(to: address, configuration, context, loop, onLeave: onLeave)
      }
    }
  }

  deinit { pool.close(.clientClosed) }

  /// Where the server is, as ``connect(to:configuration:group:)`` was told.
  public var address: String { pool.address.description }
  /// What the server calls itself.
  public var server: String { pool.server }
  /// What the server takes. Queries of ``query(model:version:alias:observationWidth:parameterWidth:timeout:waitForReady:)``
  /// keep to it by themselves: larger ones are split, further ones wait.
  public var limits: WireLimits { pool.limits }

  /// Closes the connections; calls under way and later ones fail with CANCELLED.
  public func close() async {
    for connection in pool.close(.clientClosed) { try? await connection.channel.closeFuture.get() }
  }

  /// A pool of one connection for one stream of bytes, so that no query waits behind them.
  func bulkPool() -> ConnectionPool {
    var configuration = pool.configuration
    configuration.connections = 1
    let bulk = ConnectionPool(
      pool.address, configuration, group, reconnects: false,
      connector: Self.connector(pool.address, configuration, context))
    bulk.start()
    return bulk
  }

  /// A query that a thread sends and waits for, again and again.
  ///
  /// - Parameters:
  ///   - version: the version that answers; 0 where none is pinned.
  ///   - alias: the alias whose version answers; empty, and no version given: `stable`.
  ///   - observationWidth: numbers in one observation, as ``describe(model:version:alias:timeout:waitForReady:)`` says.
  ///   - parameterWidth: numbers in a row of outputs: actions, or twice a Gaussian's dimensions.
  ///   - timeout: of each query from its submission on, all attempts together.
  public func query(
    model: String, version: UInt64 = 0, alias: String = "", observationWidth: Int, parameterWidth: Int,
    timeout: Duration? = nil, waitForReady: Bool? = nil
  ) -> PolicyQuery {
    PolicyQuery(
      V1.InferRequest(model: model, version: version, alias: alias), observationWidth: observationWidth,
      parameterWidth: parameterWidth, pool: pool, timeout: timeout ?? pool.configuration.timeout,
      waitForReady: waitForReady ?? pool.configuration.waitForReady)
  }
}
