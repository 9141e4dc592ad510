public import Logging
public import NIOCore

/// What the connections of one event loop share: the codec, the service, and the turn.
///
/// The first query that is read in a turn of the event loop posts one task, which NIO runs after every socket that was
/// readable: the service then computes, and each connection with something to say flushes once.
///
/// `@unchecked Sendable`: used on its event loop alone; only `eventLoop` is read elsewhere.
public final class ServerLoop<Service: ConnectionService>: @unchecked Sendable {
  public let eventLoop: any EventLoop
  public let service: Service
  public let settings: ServerSettings

  let logger: Logger
  var codec: FrameCodec
  private var unflushed = ContiguousArray<ServerConnection<Service>>()
  private var flushing = ContiguousArray<ServerConnection<Service>>()
  private var connections: [ObjectIdentifier: ServerConnection<Service>] = [:]
  private var isTurnPosted = false
  private var turn: @Sendable () -> Void = {}
  private var isDraining = false
  private var drained: EventLoopPromise<Void>?

  public init(eventLoop: any EventLoop, service: Service, settings: ServerSettings, logger: Logger) {
    self.eventLoop = eventLoop
    self.service = service
    self.settings = settings
    self.logger = logger
    codec = FrameCodec(frameBytesMax: settings.limits.frameBytesMax)
    unflushed.reserveCapacity(64)
    flushing.reserveCapacity(64)
    // Made once: a closure a turn would be an allocation a turn.
    turn = { [unowned self] in self.runTurn() }
  }

  public var connectionCount: Int { connections.count }

  // MARK: The turn

  /// The service is asked to compute at the end of this turn. Within `runTurn` it asks for nothing.
  @inline(__always)
  public func needsTurn() {
    if !isTurnPosted { postTurn() }
  }

  @inline(never)
  private func postTurn() {
    isTurnPosted = true
    eventLoop.execute(turn)
  }

  private func runTurn() {
    // What the service answers is sent below: no further turn is needed for it.
    service.runTurn()
    isTurnPosted = false
    flush()
  }

  func hasOutput(_ connection: ServerConnection<Service>) {
    unflushed.append(connection)
    needsTurn()
  }

  private func flush() {
    // A flush may close connections and have others write: their output is the next round's.
    swap(&unflushed, &flushing)
    for connection in flushing { connection.flush() }
    flushing.removeAll(keepingCapacity: true)
  }

  // MARK: Connections

  func add(_ connection: ServerConnection<Service>) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.drain() }
  }

  func remove(_ connection: ServerConnection<Service>) {
    connections[ObjectIdentifier(connection)] = nil
    if connections.isEmpty { drained?.succeed() }
  }

  /// Sends GoAway on every connection and lets open calls finish.
  ///
  /// - Returns: done when no connection is left.
  public func drain() -> EventLoopFuture<Void> {
    eventLoop.preconditionInEventLoop()
    if let drained { return drained.futureResult }
    isDraining = true
    let promise = eventLoop.makePromise(of: Void.self)
    drained = promise
    if connections.isEmpty { promise.succeed() }
    for connection in Array(connections.values) { connection.drain() }
    return promise.futureResult
  }

  /// Closes what a drain has left.
  public func closeAll() {
    eventLoop.preconditionInEventLoop()
    for connection in Array(connections.values) { connection.closeNow() }
  }
}

/// What a server says of itself and takes from its clients.
public struct ServerSettings: Sendable {
  /// The name in `Welcome`.
  public var name: String
  public var limits: WireLimits
  /// Bytes of a published artefact. Each open publish may hold as much memory.
  public var artefactBytesMax: Int
  /// Unsent bytes at which a connection is no longer read from, until a quarter of them is left.
  public var unsentBytesMax: Int
  /// How long the reader of a last GoAway has to take it and close.
  public var lingering: TimeAmount

  public static let defaults = ServerSettings(
    name: "docent", limits: .defaults, artefactBytesMax: 256 << 20, unsentBytesMax: 1 << 20, lingering: .seconds(2))

  public init(
    name: String, limits: WireLimits, artefactBytesMax: Int, unsentBytesMax: Int, lingering: TimeAmount
  ) {
    precondition(artefactBytesMax > 0 && unsentBytesMax >= 4 && lingering.nanoseconds > 0, "limits are positive")
    self.name = name
    self.limits = limits
    self.artefactBytesMax = artefactBytesMax
    self.unsentBytesMax = unsentBytesMax
    self.lingering = lingering
  }
}
