public import NIOCore
import NIOPosix

/// A client of the teacher service: one connection, any number of calls under way on it, from any thread or task.
///
/// Control calls are asynchronous. A learner's thread, which computes while its queries are on the wire and must not
/// suspend, asks through a ``PolicyQuery``. Every failure is a ``WireStatus``: the server's own, or UNAVAILABLE where
/// there is no server, where it leaves (GoAway) or where the connection is lost, which fails every call under way. A
/// client whose connection was lost stays so: connect another.
public final class TeacherClient: Sendable {
  private let connection: ClientConnection
  private let configuration: ClientConfiguration
  private let group: any EventLoopGroup

  /// Connects and shakes hands.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`.
  ///   - group: where the connection's event loop comes from; nil for the process's own.
  public static func connect(
    to address: String, configuration: ClientConfiguration = .defaults, group: (any EventLoopGroup)? = nil
  ) async throws(WireStatus) -> TeacherClient {
    let address = try TeacherAddress(address)
    let group = group ?? MultiThreadedEventLoopGroup.singleton
    let connection = try await ClientConnection.connect(to: address, configuration, group)
    return TeacherClient(connection, configuration, group)
  }

  private init(_ connection: ClientConnection, _ configuration: ClientConfiguration, _ group: any EventLoopGroup) {
    self.connection = connection
    self.configuration = configuration
    self.group = group
  }

  deinit {
    connection.channel.close(promise: nil)
  }

  /// `HOST:PORT` of the server.
  public var address: String { connection.address.description }
  /// What the server calls itself.
  public var server: String { connection.server }
  /// What the server takes. Queries keep to it by themselves: larger ones are split, further ones wait.
  public var limits: WireLimits { connection.limits }

  /// Closes the connection; calls under way fail with CANCELLED.
  public func close() async {
    let connection = connection
    try? await connection.channel.eventLoop.submit {
      connection.close(WireStatus(.cancelled, "the client was closed"))
    }.get()
    try? await connection.channel.closeFuture.get()
  }

  /// A query that a thread sends and waits for, again and again.
  ///
  /// - Parameters:
  ///   - version: the version that answers; 0 where none is pinned.
  ///   - alias: the alias whose version answers; empty, and no version given: `stable`.
  ///   - observationWidth: numbers in one observation, as ``describe(model:version:alias:)`` says.
  ///   - parameterWidth: numbers in a row of outputs: actions, or twice a Gaussian's dimensions.
  public func query(
    model: String, version: UInt64 = 0, alias: String = "", observationWidth: Int, parameterWidth: Int
  ) -> PolicyQuery {
    PolicyQuery(
      V1.InferRequest(model: model, version: version, alias: alias), observationWidth: observationWidth,
      parameterWidth: parameterWidth, connection: connection)
  }

  // MARK: Calls

  /// Asks one query. `request.rows` keeps to ``limits``: this does not split.
  public func infer(_ request: V1.InferRequest) async throws(WireStatus) -> V1.InferReply {
    guard case .inferReply(let reply) = try await call(.infer(request), rows: request.rows) else { throw mismatch }
    return reply
  }

  /// A model, and the version that the words mean now.
  public func describe(
    model: String, version: UInt64 = 0, alias: String = ""
  ) async throws(WireStatus) -> V1.DescribeReply {
    let request = V1.DescribeRequest(model: model, version: version, alias: alias)
    guard case .describeReply(let reply) = try await call(.describe(request)) else { throw mismatch }
    return reply
  }

  /// Every model of the service.
  public func listModels() async throws(WireStatus) -> [V1.Model] {
    guard case .listModelsReply(let reply) = try await call(.listModels(.init())) else { throw mismatch }
    return reply.models
  }

  /// Whether queries are answered.
  /// - Parameter model: empty for the whole service.
  public func health(model: String = "") async throws(WireStatus) -> V1.Serving {
    guard case .healthReply(let reply) = try await call(.health(.init(model: model))) else { throw mismatch }
    return reply.serving
  }

  /// Moves, makes or removes an alias.
  public func alias(_ request: V1.AliasRequest) async throws(WireStatus) -> V1.AliasReply {
    guard case .aliasReply(let reply) = try await call(.alias(request)) else { throw mismatch }
    return reply
  }

  /// Every change of a model's aliases, oldest first.
  public func history(model: String) async throws(WireStatus) -> [V1.AliasChange] {
    guard case .historyReply(let reply) = try await call(.history(.init(model: model))) else { throw mismatch }
    return reply.changes
  }

  /// Recomputes artefacts' SHA-256 and golden outputs.
  /// - Parameter model: empty for all of them.
  public func verify(model: String = "") async throws(WireStatus) -> [V1.VerifyResult] {
    guard case .verifyReply(let reply) = try await call(.verify(.init(model: model))) else { throw mismatch }
    return reply.results
  }

  /// A round trip through the server.
  public func ping() async throws(WireStatus) {
    try await connection.ping().status()
  }

  /// Publishes a version, on a connection of its own so that no query waits behind it.
  ///
  /// - Parameters:
  ///   - header: its `artefactBytes` is taken from `artefact`.
  ///   - artefact: the policy's safetensors, whose SHA-256 the header has.
  /// - Returns: the version's number; it is durable then, and loaded.
  public func publish(_ header: V1.PublishHeader, artefact: [UInt8]) async throws(WireStatus) -> V1.PublishReply {
    let bulk = try await ClientConnection.connect(to: connection.address, configuration, group)
    defer { bulk.channel.close(promise: nil) }
    guard case .publishReply(let reply) = try await bulk.publish(header, artefact: artefact) else { throw mismatch }
    return reply
  }

  private func call(_ body: V1.Body, rows: Int = 0) async throws(WireStatus) -> V1.Body {
    try await connection.open(body, rows: rows).status()
  }

  private var mismatch: WireStatus { WireStatus(.internalError, "the server's reply is of another call") }
}
