import NIOCore
import NIOEmbedded
import Testing
import Wire

/// Connections on which nothing comes, by a clock that only the tests move.
@Suite struct SilenceTests {
  private let eventLoop = EmbeddedEventLoop()

  private func connect() throws -> EmbeddedConnection {
    try EmbeddedConnection(on: eventLoop) { settings in
      settings.keepaliveTime = .seconds(60)
      settings.keepaliveTimeout = .seconds(20)
    }
  }

  /// Seconds from now at which `happens`, tried once a second; nil within `limit` never.
  private func seconds(within limit: Int = 300, until happens: () throws -> Bool) throws -> Int? {
    for second in 1...limit {
      eventLoop.advanceTime(by: .seconds(1))
      eventLoop.run()
      if try happens() { return second }
    }
    return nil
  }

  private func isPinged(_ connection: EmbeddedConnection) throws -> Bool {
    try connection.receive().contains { if case .ping = $0.body { true } else { false } }
  }

  @Test("Without Hello a connection ends after 5 seconds, and is told why")
  func noHello() throws {
    let connection = try connect()
    // Half of a frame is no Hello.
    try connection.send(bytes: [0, 0, 0])
    eventLoop.advanceTime(by: .nanoseconds(4_999_999_999))
    #expect(connection.channel.isActive)
    #expect(try connection.receive().isEmpty)
    eventLoop.advanceTime(by: .nanoseconds(1))
    eventLoop.run()
    guard case .goAway(let goAway) = try connection.receive().first?.body else {
      Issue.record("no GoAway")
      return
    }
    #expect(goAway.status.code == .deadlineExceeded && goAway.status.message.contains("5.0 seconds"))
    #expect(!connection.channel.isActive)
    #expect(connection.loop.connectionCount == 0)
  }

  @Test("Hello in time ends the wait for it, and so does an early end of the connection")
  func helloInTime() throws {
    let (greeted, closed) = (try connect(), try connect())
    eventLoop.advanceTime(by: .seconds(4))
    try greeted.greet()
    try closed.close()
    #expect(try seconds(within: 50) { try !greeted.receive().isEmpty || !greeted.channel.isActive } == nil)
  }

  @Test("A silent connection is pinged after the keepalive time, a step late at most, and closed the timeout later")
  func silent() throws {
    let connection = try connect()
    // Somewhere within a step.
    eventLoop.advanceTime(by: .seconds(2))
    try connection.greet()
    let pinged = try #require(try seconds { try isPinged(connection) })
    #expect((60...65).contains(pinged))
    #expect(try seconds { !connection.channel.isActive } == 20)
    #expect(connection.loop.connectionCount == 0)
    #expect(connection.loop.counters.connectionsEnded == [.silent: 1])
  }

  @Test("A pong, a query, or any byte is life: the silence begins anew")
  func life() throws {
    var codec = FrameCodec()
    let query = codec.bytes(of: V1.Frame(call: 1, .infer(V1.InferRequest(model: "m", rows: 1, observations: [1]))))
    for sign in [codec.bytes(of: V1.Frame(.pong(0))), query, [UInt8(0)]] {
      let connection = try connect()
      try connection.greet()
      _ = try #require(try seconds { try isPinged(connection) })
      eventLoop.advanceTime(by: .seconds(19))
      try connection.send(bytes: sign)
      _ = try connection.receive()
      let again = try #require(try seconds { try isPinged(connection) || !connection.channel.isActive })
      #expect((56...65).contains(again))
      #expect(connection.channel.isActive)
      try connection.close()
    }
  }

  @Test("Thousands of connections are looked after together: all are pinged in one step, once, and closed in one")
  func thousands() throws {
    let first = try connect()
    let connections = try [first] + (1..<2000).map { _ in try first.another() }
    for connection in connections { try connection.greet() }
    var pings: Set<Int> = []
    for second in 1...100 {
      eventLoop.advanceTime(by: .seconds(1))
      eventLoop.run()
      let pinged = try connections.filter { try isPinged($0) }.count
      if pinged > 0 {
        pings.insert(second)
        #expect(pinged == 2000)
      }
    }
    #expect(pings == [65])
    #expect(first.loop.connectionCount == 0)
    #expect(first.loop.counters.connectionsOpen == 0)
  }

  @Test("A connection that only finishes what is open is looked after too")
  func silentAfterFailure() throws {
    let connection = try connect()
    try connection.greet()
    connection.service.holdsQueries = true
    try connection.send(V1.Frame(call: 1, .infer(V1.InferRequest(model: "m", rows: 1, observations: [1]))))
    try connection.send(bytes: [9, 9, 9, 9, 9])
    #expect(connection.channel.isActive)
    #expect(try seconds { !connection.channel.isActive } == 85)
    connection.service.answer()
    #expect(connection.loop.connectionCount == 0)
  }
}
