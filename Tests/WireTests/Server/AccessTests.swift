import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing
import Wire

/// Who may do what.
@Suite struct AccessTests {
  /// A token is the name of its scopes, such as `query+publish`; what is no scope has none.
  private final class ScopeGate: Gatekeeper {
    private let revoked = Mutex<Set<String>>([])
    private let rate: RowRate?

    init(rate: RowRate? = nil) { self.rate = rate }

    func revoke(_ token: String) { revoked.withLock { _ = $0.insert(token) } }

    func access(token: String) throws(WireStatus) -> Access {
      guard !token.hasPrefix("secret") else { throw WireStatus(.unauthenticated, "the token is not valid") }
      let scopes = token.split(separator: "+").compactMap { Scopes(named: String($0)) }
      return Access(id: token, name: "name of \(token)", scopes: Scopes(scopes), rate: rate)
    }

    func stillGrants(_ access: Access) -> Bool { revoked.withLock { !$0.contains(access.id) } }
  }

  private static let calls: [(name: String, body: V1.Body, scope: Scopes)] = [
    ("Infer", .infer(V1.InferRequest(model: "m", rows: 1, observations: [1])), .query),
    ("Describe", .describe(.init()), .query), ("ListModels", .listModels(.init()), .query),
    ("History", .history(.init()), .query), ("Health", .health(.init()), []),
    ("a watch of health", .health(.init(watch: true)), []), ("Alias", .alias(.init()), .operate),
    ("Verify", .verify(.init()), .operate), ("Publish", .publish(.init(artefactBytes: 1)), .publish),
    ("Fetch", .fetch(.init()), .publish), ("Report", .report(.init()), .query), ("Watch", .watch(.init()), .query),
    ("the status of a rollout", .rollout(.init()), .query),
    ("the history of rollouts", .rollout(.init(action: .history)), .query),
    ("a start of a rollout", .rollout(.init(action: .start)), .operate),
    ("a pause", .rollout(.init(action: .pause)), .operate), ("a resume", .rollout(.init(action: .resume)), .operate),
    ("a promotion", .rollout(.init(action: .promote)), .operate),
    ("an abort", .rollout(.init(action: .abort)), .operate),
    ("a rollback", .rollout(.init(action: .rollback)), .operate),
    ("a newer action", .rollout(.init(action: .unrecognized(99))), .operate), ("a newer call", .unrecognized, []),
  ]

  @Test("Every call by every set of scopes: what is missing is named, and the service never sees the call")
  func scopes() throws {
    for raw in 0...7 as ClosedRange<UInt8> {
      let scopes = Scopes(rawValue: raw)
      for (name, body, scope) in Self.calls {
        let connection = try EmbeddedConnection(gate: ScopeGate())
        try connection.greet(token: scopes.description.replacing(", ", with: "+"))
        try connection.send(V1.Frame(call: 1, body))
        if case .publish = body { try connection.send(V1.Frame(call: 1, .chunk(V1.Chunk(data: [1])))) }
        let frames = try connection.receive()
        let seen = connection.service.queries.count + connection.service.requests.count
        #expect(connection.channel.isActive)
        if scopes.isSuperset(of: scope) {
          #expect(seen == 1, "\(name) by \(scopes)")
        } else {
          #expect(seen == 0, "\(name) by \(scopes)")
          let message = "a call of the scope \(scope), expected one of those granted: \(scopes)"
          #expect(frames.map(\.body) == [.status(WireStatus(.permissionDenied, message))], "\(name) by \(scopes)")
          #expect(connection.loop.counters.callsRefused == [.permission: 1])
        }
      }
    }
  }

  @Test("A Hello that the gate refuses ends the connection; the token is in no message and no line of the log")
  func refused() throws {
    let log = RecordingLog()
    let connection = try EmbeddedConnection(gate: ScopeGate(), logger: log.logger)
    try connection.send(
      V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "test", token: "secret-of-mine"))),
      V1.Frame(call: 1, .infer(V1.InferRequest(model: "m", rows: 1))))
    let frames = try connection.receive()
    #expect(
      frames == [V1.Frame(.goAway(V1.GoAway(status: WireStatus(.unauthenticated, "the token is not valid"))))])
    #expect(!connection.channel.isActive)
    #expect(connection.service.queries.isEmpty)
    #expect(log.all.count == 2)
    #expect(!log.all.contains { $0.text.contains("secret") }, "\(log.all)")
  }

  @Test("A revoked grant ends its connections, after what is open is answered, and no other")
  func revoked() throws {
    let gate = ScopeGate()
    let first = try EmbeddedConnection(gate: gate)
    let connections = try [first, first.another(), first.another()]
    for (connection, token) in zip(connections, ["query", "query", "query+operate"]) {
      try connection.greet(token: token)
    }
    let greeting = try first.another()
    first.service.holdsQueries = true
    for connection in connections.dropFirst() {
      try connection.send(V1.Frame(call: 1, .infer(V1.InferRequest(model: "m", rows: 1))))
    }
    first.loop.reviewAccess()
    first.channel.embeddedEventLoop.run()
    #expect(try connections.allSatisfy { try $0.receive().isEmpty })

    gate.revoke("query")
    first.loop.reviewAccess()
    first.channel.embeddedEventLoop.run()
    for (connection, lastCall) in zip(connections, [0, 1] as [UInt32]) {
      guard case .goAway(let goAway) = try connection.receive().first?.body else {
        Issue.record("no GoAway")
        continue
      }
      #expect(goAway.lastCall == lastCall && goAway.status.code == .unauthenticated)
      #expect(goAway.status.message.contains("name of query"))
    }
    #expect(!connections[0].channel.isActive && connections[1].channel.isActive)
    #expect(first.service.endedWatches == 1, "what would never end is ended")
    #expect(first.service.abandoned == 2, "what could last, such as a transfer, is ended")
    try connections[1].send(V1.Frame(call: 2, .infer(V1.InferRequest(model: "m", rows: 1))))
    first.service.answer()
    first.channel.embeddedEventLoop.run()
    #expect(try connections[1].receive().map(\.call) == [1])
    #expect(!connections[1].channel.isActive)
    #expect(try connections[2].receive().map(\.call) == [1])
    #expect(connections[2].channel.isActive && greeting.channel.isActive)
    #expect(first.loop.counters.connectionsEnded == [.revoked: 2])
  }

  // MARK: Rates

  @Test("A rate lets a second's worth through at once, then its rows a second, and says when the next may come")
  func rate() {
    let rate = RowRate(rowsPerSecond: 100)
    let start: UInt64 = 5_000_000_000
    var taken = 0
    var now = start
    while now <= start + 10_000_000_000 {
      let wait = rate.take(rows: 1, now: now)
      if wait == 0 {
        taken += 1
      } else {
        #expect(rate.take(rows: 1, now: now + wait - 1) > 0)
        now += wait
      }
    }
    #expect((1100...1102).contains(taken))
    // Idle for long, it has a second's worth again and no more.
    now += 3_600_000_000_000
    #expect(rate.take(rows: 100, now: now) == 0)
    #expect(rate.take(rows: 1, now: now) == 0)
    #expect(rate.take(rows: 1, now: now) == 10_000_000)
    // A call of more than a second's worth passes, and is waited for afterwards.
    now += 3_600_000_000_000
    #expect(rate.take(rows: 500, now: now) == 0)
    #expect(rate.take(rows: 1, now: now) == 4_000_000_000)
  }

  @Test("Threads that take at the same time take no more than one would")
  func concurrentTakers() async {
    let rate = RowRate(rowsPerSecond: 1000)
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask { (0..<5000).count { _ in rate.take(rows: 1, now: 77) == 0 } }
      }
      return await group.reduce(0, +)
    }
    #expect(taken == 1001)
  }

  @Test("Connections of one token share its rate: who is refused is told when, and is answered then")
  func sharedRate() throws {
    let eventLoop = EmbeddedEventLoop()
    let first = try EmbeddedConnection(on: eventLoop, gate: ScopeGate(rate: RowRate(rowsPerSecond: 4)))
    let second = try first.another()
    for connection in [first, second] { try connection.greet(token: "query") }
    func ask(_ connection: EmbeddedConnection, _ call: UInt32, rows: Int) throws -> V1.Body? {
      try connection.send(V1.Frame(call: call, .infer(V1.InferRequest(model: "m", rows: rows))))
      return try connection.receive().last?.body
    }
    #expect(try ask(first, 1, rows: 4) != nil)
    #expect(try ask(second, 1, rows: 1) != nil)
    guard case .status(let status) = try ask(second, 2, rows: 2) else {
      Issue.record("not refused")
      return
    }
    #expect(status.code == .resourceExhausted && status.message.contains("4 rows a second"))
    #expect((250_000...250_002).contains(status.retryAfterMicroseconds))
    // Control calls have no rows.
    try first.send(V1.Frame(call: 2, .listModels(.init())))
    #expect(try first.receive().map(\.call) == [2])
    eventLoop.advanceTime(by: .microseconds(Int64(status.retryAfterMicroseconds)))
    if case .inferReply = try ask(second, 3, rows: 2) {} else { Issue.record("refused after the time it was told") }
    #expect(first.loop.counters.callsRefused == [.rate: 1])
    #expect(first.service.queries.count == 3)
  }

  @Test("What is refused is not taken from a rate; what is answered is")
  func refusedRows() throws {
    let connection = try EmbeddedConnection(gate: ScopeGate(rate: RowRate(rowsPerSecond: 4)))
    try connection.greet(token: "query")
    connection.service.refusal = WireStatus(.notFound, "no such model")
    let query = V1.Body.infer(V1.InferRequest(model: "m", rows: 4))
    for call in 1...9 as ClosedRange<UInt32> { try connection.send(V1.Frame(call: call, query)) }
    let refused = try connection.receive().map(\.body)
    #expect(refused.count == 9 && Set(refused) == [.status(WireStatus(.notFound, "no such model"))])
    connection.service.refusal = nil
    // A second's worth at once, one call beyond it, and no more.
    for call in 10...12 as ClosedRange<UInt32> { try connection.send(V1.Frame(call: call, query)) }
    let answers = try connection.receive().map(\.body)
    let codes = answers.map { if case .status(let status) = $0 { status.code } else { WireStatus.Code.ok } }
    #expect(codes == [.ok, .ok, .resourceExhausted])
  }
}
