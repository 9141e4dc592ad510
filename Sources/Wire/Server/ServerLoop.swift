public import Logging
public import NIOCore

/// What the connections of one event loop share: the codec, the service, and the turn.
///
/// The first query that is read in a turn of the event loop posts one task, which NIO runs after every socket that was
/// readable: the service then computes, and each connection with something to say flushes once.
///
/// `@unchecked Sendable`: used on its event loop alone; only `eventLoop` and `share` are read elsewhere.
public final class ServerLoop<Service: ConnectionService>: @unchecked Sendable {
  public let eventLoop: any EventLoop
  public let service: Service
  public let settings: ServerSettings
  public let share: ServerShare
  public internal(set) var counters = ServerCounters()

  let logger: Logger
  var codec: FrameCodec
  private var unflushed = ContiguousArray<ServerConnection<Service>>()
  private var flushing = ContiguousArray<ServerConnection<Service>>()
  /// Memory that replies are written to: of as many connections as have had some in one turn.
  private var outputs = ContiguousArray<ByteBuffer>()
  private var connections: [ObjectIdentifier: ServerConnection<Service>] = [:]
  private var isTurnPosted = false
  private var turn: @Sendable () -> Void = {}
  private var isDraining = false
  private var drained: EventLoopPromise<Void>?

  /// Counts the steps of the search for silent connections; it runs while there are connections.
  private(set) var step = 0
  let silentStepsMax: Int
  let unansweredStepsMax: Int
  private var steps: RepeatedTask?

  /// - Parameter share: what it has together with the server's other loops; nil for what a server of one loop has.
  public init(
    eventLoop: any EventLoop, service: Service, settings: ServerSettings, share: ServerShare? = nil, logger: Logger
  ) {
    self.eventLoop = eventLoop
    self.service = service
    self.settings = settings
    self.share = share ?? ServerShare(settings: settings)
    self.logger = logger
    codec = FrameCodec(frameBytesMax: settings.limits.frameBytesMax)
    let stepLength = settings.keepaliveStep.nanoseconds
    silentStepsMax = Int((settings.keepaliveTime.nanoseconds + stepLength - 1) / stepLength)
    unansweredStepsMax = Int((settings.keepaliveTimeout.nanoseconds + stepLength - 1) / stepLength)
    unflushed.reserveCapacity(64)
    flushing.reserveCapacity(64)
    outputs.reserveCapacity(Self.outputsMax)
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
    counters.turns &+= 1
    flush()
    service.turnWritten()
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

  // MARK: Memory of replies

  private static var outputsMax: Int { 512 }
  private static var outputBytesMax: Int { 64 << 10 }

  func takeOutput() -> ByteBuffer {
    outputs.popLast() ?? ByteBufferAllocator().buffer(capacity: 512)
  }

  /// What a socket still holds is let go of: the memory is its own from now on.
  func giveBack(_ output: consuming ByteBuffer) {
    guard outputs.count < Self.outputsMax, output.capacity <= Self.outputBytesMax else { return }
    output.clear()
    outputs.append(output)
  }

  // MARK: Connections

  func add(_ connection: ServerConnection<Service>) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.drain() }
    if steps == nil {
      steps = eventLoop.scheduleRepeatedTask(initialDelay: settings.keepaliveStep, delay: settings.keepaliveStep) {
        [weak self] task in
        if let self { lookForLife() } else { task.cancel() }
      }
    }
  }

  private func lookForLife() {
    step += 1
    for connection in Array(connections.values) { connection.lookForLife() }
  }

  func remove(_ connection: ServerConnection<Service>) {
    connections[ObjectIdentifier(connection)] = nil
    guard connections.isEmpty else { return }
    steps?.cancel()
    steps = nil
    drained?.succeed()
  }

  /// Ends the connections whose access the gate does not grant any more.
  public func reviewAccess() {
    eventLoop.preconditionInEventLoop()
    for connection in Array(connections.values) { connection.reviewAccess() }
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
    for connection in Array(connections.values) { connection.closeNow(.drained) }
  }
}
