import NIOCore
import NIOEmbedded
import Testing
import Wire

/// What a server gives to who has not said Hello, floods it, or stalls.
@Suite struct StrangerTests {
  @Test("Before Hello no frame is larger than a Hello needs; after it the limit is the server's")
  func beforeHello() throws {
    func refusal(_ payloadBytes: Int, greeted: Bool) throws -> WireStatus? {
      let connection = try EmbeddedConnection()
      if greeted { try connection.greet() }
      let length = UInt32(payloadBytes).bigEndian
      try connection.send(bytes: [0] + withUnsafeBytes(of: length) { Array($0) })
      guard case .goAway(let goAway) = try connection.receive().last?.body else { return nil }
      return goAway.status
    }
    #expect(try refusal(ServerSettings.helloBytesMax, greeted: false) == nil)
    #expect(
      try refusal(ServerSettings.helloBytesMax + 1, greeted: false)
        == WireStatus(.resourceExhausted, "a frame of 16385 bytes, expected at most 16384"))
    #expect(try refusal(WireLimits.defaults.frameBytesMax, greeted: true) == nil)
    #expect(try refusal(WireLimits.defaults.frameBytesMax + 1, greeted: true)?.code == .resourceExhausted)
  }

  @Test("A Cancel of a call that was never opened, or where none is open, costs no search")
  func cancelsOfNothing() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    try connection.send(V1.Frame(call: 1, .infer(V1.InferRequest(model: "m", rows: 1, observations: [1, 2, 3, 4]))))
    for call in 1...50 as ClosedRange<UInt32> { try connection.send(V1.Frame(call: call, .cancel)) }
    #expect(connection.service.cancelled.isEmpty)
    connection.service.holdsQueries = true
    try connection.send(V1.Frame(call: 7, .infer(V1.InferRequest(model: "m", rows: 1, observations: [1, 2, 3, 4]))))
    for call in 5...50 as ClosedRange<UInt32> { try connection.send(V1.Frame(call: call, .cancel)) }
    #expect(connection.service.cancelled == [5, 6, 7])
    #expect(connection.channel.isActive)
  }

  @Test("A publish of which nothing more comes ends, and gives its memory to another")
  func stalledPublish() throws {
    let connection = try EmbeddedConnection {
      $0.artefactBytesMax = 100
      $0.publishedBytesMax = 100
      $0.keepaliveTime = .seconds(8)
      $0.keepaliveTimeout = .seconds(4)
    }
    func begin(_ call: UInt32) throws {
      try connection.send(
        V1.Frame(call: call, .publish(V1.PublishHeader(model: "m", artefactBytes: 100))),
        V1.Frame(call: call, .chunk(V1.Chunk(data: [UInt8](repeating: 1, count: 60)))))
    }
    try connection.greet()
    try begin(1)
    for second in 1...8 {
      connection.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      // It is there, and goes on about other things.
      try connection.send(V1.Frame(.ping(UInt64(second))))
    }
    #expect(try connection.receive().allSatisfy { if case .pong = $0.body { true } else { false } })
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    guard case .status(let status) = try connection.receive().last?.body else {
      Issue.record("no status")
      return
    }
    #expect(status.code == .deadlineExceeded)
    #expect(connection.channel.isActive)
    try begin(2)
    #expect(try connection.receive().isEmpty)
    try connection.send(V1.Frame(call: 2, .chunk(V1.Chunk(offset: 60, data: [UInt8](repeating: 1, count: 40)))))
    #expect(try connection.receive().map(\.body) == [.publishReply(V1.PublishReply(version: 100))])
  }
}
