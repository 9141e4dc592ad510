import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Wire

/// The pool on an embedded event loop, whose clock the test moves, with connections that the test makes.
@Suite("A client's pool of connections")
struct ConnectionPoolTests {
  /// Attempts at connections, which the test lets succeed or fail.
  private final class Attempts: @unchecked Sendable {
    // Sendable: everything here is of the one thread that the test runs on.
    struct Attempt {
      var promise: EventLoopPromise<ClientConnection>
      var onLeave: @Sendable (ClientConnection) -> Void
    }
    var made: [Attempt] = []

    func next(_ loop: any EventLoop, _ onLeave: @escaping @Sendable (ClientConnection) -> Void)
      -> EventLoopFuture<ClientConnection>
    {
      let promise = loop.makePromise(of: ClientConnection.self)
      made.append(Attempt(promise: promise, onLeave: onLeave))
      return promise.futureResult
    }
  }

  private let loop = EmbeddedEventLoop()
  private let attempts = Attempts()
  private let pool: ConnectionPool

  init() throws { pool = try Self.pool(loop, attempts, connections: 1) }

  private static func pool(
    _ loop: EmbeddedEventLoop, _ attempts: Attempts, connections: Int, reconnects: Bool = true
  ) throws -> ConnectionPool {
    var configuration = ClientConfiguration(connections: connections)
    configuration.timing.random = { 0.5 }
    let pool = ConnectionPool(try TeacherAddress("127.0.0.1:7070"), configuration, loop, reconnects: reconnects) {
      attempts.next($0, $1)
    }
    pool.start()
    return pool
  }

  /// Lets an attempt succeed.
  @discardableResult
  private func connect(_ index: Int, nextCall: UInt32 = 1) throws -> (ClientConnection, EmbeddedChannel) {
    let channel = EmbeddedChannel(loop: loop)
    let connection = try ClientConnection.add(
      to: channel, pool.address, pool.configuration, nextCall: nextCall, onLeave: attempts.made[index].onLeave)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 7070)).wait()
    connection.welcomed(WireLimits.defaults.welcome(server: "embedded"))
    attempts.made[index].promise.succeed(connection)
    loop.run()
    return (connection, channel)
  }

  private func fail(_ index: Int, _ code: WireStatus.Code = .unavailable) {
    attempts.made[index].promise.fail(WireStatus(code, "attempt \(index)"))
    loop.run()
  }

  private final class Outcome: Sendable {
    private let result = Mutex<Result<ClientConnection, AttemptFailure>?>(nil)
    var connection: ClientConnection? { result.withLock { try? $0?.get() } }
    var status: WireStatus? {
      result.withLock { if case .failure(let failure) = $0 { failure.status } else { nil } }
    }
    var isOver: Bool { result.withLock { $0 != nil } }

    func end(_ result: Result<ClientConnection, AttemptFailure>) {
      self.result.withLock { before in
        #expect(before == nil, "answered twice")
        before = result
      }
    }
  }

  private func wait(forReady: Bool) -> Outcome {
    let outcome = Outcome()
    _ = pool.whenReady(waitForReady: forReady) { outcome.end($0) }
    return outcome
  }

  private var picked: ClientConnection? { if case .ready(let connection) = pool.pick() { connection } else { nil } }

  @Test("Calls wait for the first attempt; those that fail fast fail with it, the others go on waiting")
  func failingFast() throws {
    let fast = wait(forReady: false)
    let patient = wait(forReady: true)
    #expect(!fast.isOver && !patient.isOver)
    fail(0)
    #expect(fast.status == WireStatus(.unavailable, "attempt 0"))
    #expect(!patient.isOver)
    loop.advanceTime(by: .milliseconds(999))
    #expect(attempts.made.count == 1)
    loop.advanceTime(by: .milliseconds(1))
    #expect(attempts.made.count == 2)
    // The attempt under way is not waited for by calls that fail fast: it may fail like the last.
    #expect(wait(forReady: false).status == WireStatus(.unavailable, "attempt 0"))
    fail(1)
    loop.advanceTime(by: .milliseconds(1599))
    #expect(attempts.made.count == 2)
    loop.advanceTime(by: .milliseconds(1))
    let (connection, _) = try connect(2)
    #expect(patient.connection === connection)
    #expect(wait(forReady: false).connection === connection)
  }

  @Test("A server that refuses what the client says is not waited for")
  func refusal() {
    let patient = wait(forReady: true)
    fail(0, .unauthenticated)
    #expect(patient.status == WireStatus(.unauthenticated, "attempt 0"))
  }

  @Test("A lost connection is made again at once, and calls wait for that")
  func loss() throws {
    let (first, _) = try connect(0)
    first.close(WireStatus(.unavailable, "lost"))
    let fast = wait(forReady: false)
    #expect(!fast.isOver)
    loop.run()
    #expect(attempts.made.count == 2)
    let (second, _) = try connect(1)
    #expect(fast.connection === second && picked === second)
  }

  @Test("A connection that was lost before it was known is made again")
  func lossBeforeKnown() throws {
    let channel = EmbeddedChannel(loop: loop)
    let connection = try ClientConnection.add(
      to: channel, pool.address, pool.configuration, onLeave: attempts.made[0].onLeave)
    connection.close(WireStatus(.unavailable, "lost"))
    attempts.made[0].promise.succeed(connection)
    loop.run()
    #expect(picked == nil && attempts.made.count == 2)
  }

  @Test("A connection whose server leaves is replaced, and finishes what it began")
  func leaving() throws {
    let (first, channel) = try connect(0)
    let promises = (0..<2).map { _ in loop.makePromise(of: V1.Body.self) }
    for promise in promises { first.open(ClientCall(.health(.init()), to: UnaryReceiver(promise: promise))) }
    loop.run()
    first.left(V1.GoAway(lastCall: 1, status: WireStatus(.unavailable, "draining")))
    #expect(throws: AttemptFailure(WireStatus(.unavailable, "draining"), isUnstarted: true)) {
      try promises[1].futureResult.wait()
    }
    loop.run()
    let (second, _) = try connect(1)
    #expect(picked === second && channel.isActive)
    first.answer(1, .healthReply(V1.HealthReply(serving: .serving)))
    first.sendWaiting()
    loop.run()
    #expect(try promises[0].futureResult.wait() == .healthReply(V1.HealthReply(serving: .serving)))
    #expect(!channel.isActive)
  }

  @Test("A connection without call numbers is replaced, and finishes what it began")
  func exhaustion() throws {
    let (first, channel) = try connect(0, nextCall: WireLimits.callNumberMax)
    let promises = (0..<2).map { _ in loop.makePromise(of: V1.Body.self) }
    for promise in promises { first.open(ClientCall(.health(.init()), to: UnaryReceiver(promise: promise))) }
    loop.run()
    let failure = #expect(throws: AttemptFailure.self) { try promises[1].futureResult.wait() }
    #expect(failure?.isUnstarted == true && failure?.status.message.contains("no call numbers left") == true)
    let (second, _) = try connect(1)
    #expect(picked === second && channel.isActive)
    let reply = V1.Body.healthReply(V1.HealthReply(serving: .serving))
    first.answer(WireLimits.callNumberMax, reply)
    first.sendWaiting()
    loop.run()
    #expect(try promises[0].futureResult.wait() == reply)
    #expect(!channel.isActive)
  }

  @Test("A call goes to the connection with the fewest open calls, in turn where they are equal")
  func balance() throws {
    let attempts = Attempts()
    let pool = try Self.pool(loop, attempts, connections: 3)
    let connections = try (0..<3).map { index in
      let channel = EmbeddedChannel(loop: loop)
      let connection = try ClientConnection.add(
        to: channel, pool.address, pool.configuration, onLeave: attempts.made[index].onLeave)
      connection.welcomed(WireLimits.defaults.welcome(server: "embedded"))
      attempts.made[index].promise.succeed(connection)
      return connection
    }
    loop.run()
    func pick() -> Int? {
      guard case .ready(let picked) = pool.pick() else { return nil }
      return connections.firstIndex { $0 === picked }
    }
    #expect((0..<4).map { _ in pick() } == [0, 1, 2, 0])
    let promise = loop.makePromise(of: V1.Body.self)
    connections[1].open(ClientCall(.health(.init()), to: UnaryReceiver(promise: promise)))
    #expect((0..<4).map { _ in pick() } == [2, 0, 2, 0])
    connections[0].close(WireStatus(.unavailable, "lost"))
    connections[2].close(WireStatus(.unavailable, "lost"))
    #expect((0..<2).map { _ in pick() } == [1, 1])
    pool.close(.clientClosed)
    loop.run()
    #expect(throws: AttemptFailure(.clientClosed)) { try promise.futureResult.wait() }
  }

  @Test("Closing ends what waits and what is attempted")
  func closing() throws {
    let patient = wait(forReady: true)
    pool.close(.clientClosed)
    #expect(patient.status == .clientClosed)
    let (late, channel) = try connect(0)
    #expect(!channel.isActive && !late.isTaking)
    #expect(wait(forReady: true).status == .clientClosed)
    loop.advanceTime(by: .seconds(1000))
    #expect(attempts.made.count == 1)
  }

  @Test("A wait that is given up is not answered later")
  func givingUp() throws {
    let outcome = Outcome()
    let waiter = pool.whenReady(waitForReady: true) { outcome.end($0) }
    pool.give(up: waiter, .cancelledByCaller)
    #expect(outcome.status == .cancelledByCaller)
    try connect(0)
    #expect(outcome.status == .cancelledByCaller)
  }

  @Test("A connection for one call is not made again, and nothing waits for it")
  func oneCall() throws {
    let attempts = Attempts()
    let pool = try Self.pool(loop, attempts, connections: 1, reconnects: false)
    let outcome = Outcome()
    _ = pool.whenReady(waitForReady: true) { outcome.end($0) }
    let channel = EmbeddedChannel(loop: loop)
    let connection = try ClientConnection.add(
      to: channel, pool.address, pool.configuration, onLeave: attempts.made[0].onLeave)
    connection.close(WireStatus(.unavailable, "gone"))
    attempts.made[0].promise.succeed(connection)
    loop.advanceTime(by: .seconds(1000))
    #expect(outcome.status == WireStatus(.unavailable, "the connection to 127.0.0.1:7070 was lost"))
    #expect(attempts.made.count == 1)
  }
}
