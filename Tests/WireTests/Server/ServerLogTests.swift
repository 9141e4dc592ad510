import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Wire

/// What an operator reads of connections.
@Suite struct ServerLogTests {
  private let log = RecordingLog()

  private func query(_ call: UInt32, rows: Int = 1) -> V1.Frame {
    V1.Frame(call: call, .infer(V1.InferRequest(model: "m", rows: rows)))
  }

  @Test("One line a connection, at its end, with what it did; none a query, answered or refused")
  func connection() throws {
    let connection = try EmbeddedConnection(logger: log.logger)
    try connection.greet()
    for call in 1...50 as ClosedRange<UInt32> { try connection.send(query(call)) }
    try connection.send(query(51, rows: 0), V1.Frame(.ping(1)))
    #expect(log.all.isEmpty)
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(3))
    try connection.close()
    try #require(log.all.count == 1)
    let line = log.all[0]
    #expect(line.level == .info && line.message == "connection closed")
    for (key, value) in [
      "client": "test", "queries": "50", "refusals": "1", "end": "client", "milliseconds": "3000",
      "peer": "127.0.0.1:1",
      "bytes_read": "\(connection.loop.counters.bytesRead)",
      "bytes_written": "\(connection.loop.counters.bytesWritten)",
    ] {
      // An embedded channel has no peer.
      if key != "peer" { #expect(line.metadata[key] == value) }
    }
    #expect(line.metadata["peer"] != nil && line.metadata["token"] == nil)
  }

  @Test("One line a refused frame, which says what was refused")
  func refusedFrame() throws {
    for (bytes, text) in [
      ([1, 0, 0, 0, 0], "compressed"), ([8, 0, 0, 0, 0], "flags 8"), ([0, 0, 0, 0, 2, 0x12, 0x7f], "2 bytes"),
      ([0, 0xff, 0, 0, 0], "4278190080 bytes"), (Array("GET / HTTP/1.1\r\n".utf8), "HTTP"),
    ] as [([UInt8], String)] {
      let log = RecordingLog()
      let connection = try EmbeddedConnection(logger: log.logger)
      try connection.greet()
      try connection.send(bytes: bytes + [UInt8](repeating: 1, count: 1000))
      try connection.close()
      #expect(log.all.map(\.level) == [.notice, .info])
      #expect(log.all.first?.text.contains(text) == true, "\(log.all)")
      #expect(log.all.last?.metadata["end"] == "frame")
      #expect(connection.loop.counters.framesRefused.values.reduce(0, +) == 1)
    }
  }

  @Test("A client's name begins no line of its own, and fills none")
  func name() throws {
    let connection = try EmbeddedConnection(logger: log.logger)
    let name = "trainer\n2026-01-01 error: \u{1b}[31mall is lost\u{202e}é" + String(repeating: "-", count: 10_000)
    try connection.send(V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: name))))
    try connection.close()
    let logged = try #require(log.all.first?.metadata["client"])
    #expect(logged.hasPrefix("trainer?2026-01-01 error: ?[31mall is lost?é---"))
    #expect(logged.count == 100)
  }

  @Test("A token, or its secret, that was given for a name is not repeated; a name is")
  func tokenForName() throws {
    let secret = String(repeating: "abcdefghijklmnopqrstuvwxyz234567", count: 2).prefix(52)
    for (name, isLogged) in [
      ("docent_aaaaaaaa_\(secret)", false), ("DOCENT_AAAAAAAA_\(secret.uppercased())", false),
      ("token: docent_aaaaaaaa_\(secret.prefix(10))", false), ("my \(secret)!", false),
      ("docent-python/4711", true), ("\(secret.dropLast())", true), ("", true),
    ] {
      let log = RecordingLog()
      let connection = try EmbeddedConnection(logger: log.logger)
      try connection.send(V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: name))))
      try connection.send(query(1, rows: 0))
      try connection.send(bytes: [8, 0, 0, 0, 0])
      try connection.close()
      #expect(log.all.count == 2)
      for line in log.all {
        #expect(line.metadata["client"] == (isLogged ? name : "(withheld: looks like a token)"), "\(line)")
        #expect(isLogged || !line.text.lowercased().contains("abcdefghij"))
      }
    }
  }

  @Test("A frame that ends a connection ends what would last beyond it")
  func watches() throws {
    let connection = try EmbeddedConnection()
    try connection.greet()
    connection.service.holdsRequests = true
    try connection.send(V1.Frame(call: 1, .health(V1.HealthRequest(watch: true))))
    #expect(connection.service.endedWatches == 0)
    try connection.send(bytes: [8, 0, 0, 0, 0])
    #expect(connection.service.endedWatches == 1)
  }
}
