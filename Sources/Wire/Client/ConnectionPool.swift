import NIOCore
import Synchronization

/// A client's connections to one address, each made again by itself when it is lost.
///
/// A call goes to the connection with the fewest open calls. While there is none, calls wait: those that fail fast until
/// an attempt at a connection has failed, those that wait for readiness until there is one.
final class ConnectionPool: Sendable {
  /// Makes a connection that is greeted; tells when it takes no more calls.
  typealias Connector =
    @Sendable (any EventLoop, _ onLeave: @escaping @Sendable (ClientConnection) -> Void)
    -> EventLoopFuture<ClientConnection>

  /// What a call finds.
  enum Pick {
    case ready(ClientConnection)
    /// The first attempt at a connection is under way.
    case connecting
    /// No connection, for this reason so far; attempts go on.
    case failing(WireStatus)
    case closed(WireStatus)
  }

  private struct Place {
    let loop: any EventLoop
    var state: ReconnectState
    var connection: ClientConnection?
    var timer: Scheduled<Void>?
  }

  private struct Waiter {
    let waitsForReady: Bool
    let answer: @Sendable (Result<ClientConnection, AttemptFailure>) -> Void
  }

  private struct Shared {
    var places: [Place]
    var next = 0
    var waiters: [UInt64: Waiter] = [:]
    var lastWaiter: UInt64 = 0
    /// Those that leave too, until they have closed.
    var connections: [ObjectIdentifier: ClientConnection] = [:]
    var limits = WireLimits.defaults
    var server = ""
    var closed: WireStatus?
  }

  let address: TeacherAddress
  let configuration: ClientConfiguration
  let loop: any EventLoop
  private let connector: Connector
  private let reconnects: Bool
  private let shared: Mutex<Shared>

  /// - Parameter reconnects: whether a connection that was made and lost is made again; an attempt that fails is made
  ///   again in any case.
  init(
    _ address: TeacherAddress, _ configuration: ClientConfiguration, _ group: any EventLoopGroup,
    reconnects: Bool = true, connector: @escaping Connector
  ) {
    self.address = address
    self.configuration = configuration
    self.connector = connector
    self.reconnects = reconnects
    let loop = group.next()
    self.loop = loop
    let places = (0..<configuration.connections).map { index in
      Place(loop: index == 0 ? loop : group.next(), state: ReconnectState(configuration.reconnect))
    }
    shared = Mutex(Shared(places: places))
  }

  /// What the server last greeted with.
  var limits: WireLimits { shared.withLock { $0.limits } }
  var server: String { shared.withLock { $0.server } }

  /// Begins to connect.
  func start() {
    for index in 0..<configuration.connections { connect(index) }
  }

  // MARK: Calls

  func pick() -> Pick { shared.withLock { Self.pick(&$0) } }

  private static func pick(_ shared: inout Shared) -> Pick {
    if let closed = shared.closed { return .closed(closed) }
    var best: (index: Int, connection: ClientConnection, calls: Int)?
    for offset in 0..<shared.places.count {
      let index = (shared.next + offset) % shared.places.count
      guard let connection = shared.places[index].connection else { continue }
      let calls = shared.places.count == 1 ? 0 : connection.callCount
      if best.map({ calls < $0.calls }) ?? true { best = (index, connection, calls) }
    }
    if let best {
      shared.next = (best.index + 1) % shared.places.count
      return .ready(best.connection)
    }
    let failures = shared.places.map(\.state.failure)
    guard let last = failures.last, let status = last, !failures.contains(nil) else { return .connecting }
    return .failing(status)
  }

  /// Calls `answer` once: now, or when there is a connection, or when there will be none for such a call.
  /// - Returns: for ``give(up:_:)``.
  func whenReady(
    waitForReady: Bool, _ answer: @escaping @Sendable (Result<ClientConnection, AttemptFailure>) -> Void
  ) -> UInt64 {
    let (number, result): (UInt64, Result<ClientConnection, AttemptFailure>?) = shared.withLock { shared in
      if let result = Self.result(of: Self.pick(&shared), waitForReady) { return (0, result) }
      shared.lastWaiter += 1
      shared.waiters[shared.lastWaiter] = Waiter(waitsForReady: waitForReady, answer: answer)
      return (shared.lastWaiter, nil)
    }
    if let result { answer(result) }
    return number
  }

  /// Ends a wait that has no answer yet.
  func give(up waiter: UInt64, _ status: WireStatus) {
    shared.withLock { $0.waiters.removeValue(forKey: waiter) }?.answer(.failure(AttemptFailure(status)))
  }

  /// nil: wait.
  private static func result(
    of pick: Pick, _ waitForReady: Bool
  ) -> Result<ClientConnection, AttemptFailure>? {
    switch pick {
    case .ready(let connection): .success(connection)
    case .connecting: nil
    // A server that refuses what the client says is not waited for: it would refuse it again.
    case .failing(let status):
      waitForReady && RetryPolicy.isRetryable(status.code) ? nil : .failure(AttemptFailure(status))
    case .closed(let status): .failure(AttemptFailure(status))
    }
  }

  private func answerWaiters() {
    let answers = shared.withLock { shared in
      var answers: [(Waiter, Result<ClientConnection, AttemptFailure>)] = []
      for (number, waiter) in shared.waiters.sorted(by: { $0.key < $1.key }) {
        guard let result = Self.result(of: Self.pick(&shared), waiter.waitsForReady) else { continue }
        shared.waiters.removeValue(forKey: number)
        answers.append((waiter, result))
      }
      return answers
    }
    for (waiter, result) in answers { waiter.answer(result) }
  }

  // MARK: Connections

  private func connect(_ index: Int) {
    let loop = shared.withLock { shared -> (any EventLoop)? in
      shared.places[index].timer = nil
      let loop = shared.places[index].loop
      return shared.places[index].state.begin(loop.now) ? loop : nil
    }
    guard let loop else { return }
    connector(loop) { self.lost($0, index) }.whenComplete { result in
      switch result {
      case .success(let connection): self.connected(connection, index)
      case .failure(let error): self.failed(WireStatus(describing: error), index)
      }
    }
  }

  private func connected(_ connection: ClientConnection, _ index: Int) {
    let closed = shared.withLock { shared -> WireStatus? in
      guard shared.places[index].state.connected(shared.places[index].loop.now) else { return shared.closed }
      shared.places[index].connection = connection
      shared.connections[ObjectIdentifier(connection)] = connection
      shared.limits = connection.limits
      shared.server = connection.server
      return nil
    }
    if let closed { return connection.close(closed) }
    connection.channel.closeFuture.whenComplete { _ in
      self.shared.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
    }
    // It may have been lost before it was known here.
    guard connection.isTaking else { return lost(connection, index) }
    answerWaiters()
  }

  private func failed(_ status: WireStatus, _ index: Int) {
    let random = configuration.timing.random()
    shared.withLock { shared in
      let now = shared.places[index].loop.now
      let delay = shared.places[index].state.failed(status, now, random: random)
      connectLater(index, delay, &shared)
    }
    answerWaiters()
  }

  private func lost(_ connection: ClientConnection, _ index: Int) {
    let random = configuration.timing.random()
    defer { if !reconnects { answerWaiters() } }
    shared.withLock { shared in
      guard shared.places[index].connection === connection else { return }
      shared.places[index].connection = nil
      guard reconnects else {
        shared.places[index].state.close()
        shared.closed = shared.closed ?? WireStatus(.unavailable, "the connection to \(address) was lost")
        return
      }
      let delay = shared.places[index].state.lost(shared.places[index].loop.now, random: random)
      connectLater(index, delay, &shared)
    }
  }

  private func connectLater(_ index: Int, _ delay: TimeAmount?, _ shared: inout Shared) {
    guard let delay else { return }
    shared.places[index].timer = shared.places[index].loop.scheduleTask(in: delay) { self.connect(index) }
  }

  /// Ends every connection, every call and every wait with the status, and the attempts.
  /// - Returns: the connections that there were.
  @discardableResult
  func close(_ status: WireStatus) -> [ClientConnection] {
    let (connections, timers) = shared.withLock { shared in
      shared.closed = shared.closed ?? status
      let timers = shared.places.compactMap(\.timer)
      for index in shared.places.indices {
        shared.places[index].state.close()
        shared.places[index].connection = nil
      }
      return (Array(shared.connections.values), timers)
    }
    for timer in timers { timer.cancel() }
    answerWaiters()
    for connection in connections { connection.channel.eventLoop.execute { connection.close(status) } }
    return connections
  }
}
