import Foundation
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import TeacherServing

@Suite struct MetricsEndpointTests {
  private func serve(
    snapshot: @escaping @Sendable () async -> ServiceSnapshot = { SnapshotFixture.full() },
    _ body: (MetricsEndpoint) async throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    // More patient than the machine that tests may be slow.
    let endpoint = try await MetricsEndpoint.start(
      host: "127.0.0.1", port: 0, group: group, patience: .minutes(10),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, snapshot: snapshot)
    let outcome = await Result { try await body(endpoint) }
    await endpoint.close()
    try await group.shutdownGracefully()
    try outcome.get()
  }

  /// Sends text and returns all that comes until the endpoint closes.
  private func say(_ text: String, to endpoint: MetricsEndpoint) async throws -> String {
    String(decoding: try await RawConnection.say(Array(text.utf8), to: endpoint.address, ending: false), as: UTF8.self)
  }

  private func request(_ line: String, close: Bool = true) -> String {
    "\(line) HTTP/1.1\r\nhost: teacher\r\n\(close ? "connection: close\r\n" : "")\r\n"
  }

  @Test("GET /metrics answers the text with its length and type, HEAD the same without it")
  func answers() async throws {
    try await serve { endpoint in
      let text = PrometheusText.render(SnapshotFixture.full())
      let parts = try await say(request("GET /metrics?x=1"), to: endpoint).components(separatedBy: "\r\n\r\n")
      #expect(parts.count == 2 && parts[1] == text)
      #expect(parts[0].hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(parts[0].contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
      let head = try await say(request("HEAD /metrics"), to: endpoint)
      #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
      #expect(head.contains("content-length: \(text.utf8.count)\r\n"))
    }
  }

  @Test("Other paths are not found, other methods not allowed, and what is no HTTP is a bad request")
  func refusals() async throws {
    try await serve { endpoint in
      #expect(try await say(request("GET /"), to: endpoint).hasPrefix("HTTP/1.1 404 "))
      let post = try await say(request("DELETE /metrics"), to: endpoint)
      #expect(post.hasPrefix("HTTP/1.1 405 ") && post.contains("allow: GET, HEAD\r\n"))
      #expect(try await say("nonsense\r\n\r\n", to: endpoint).hasPrefix("HTTP/1.1 400 "))
    }
  }

  @Test("Requests on one connection are answered one after the other, each with a snapshot of its own")
  func pipelining() async throws {
    let asked = Mutex(0)
    try await serve(snapshot: {
      asked.withLock { $0 += 1 }
      return SnapshotFixture.empty()
    }) { endpoint in
      let two = request("GET /metrics", close: false) + request("GET /metrics")
      let answer = try await say(two, to: endpoint)
      #expect(answer.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 3)
    }
    #expect(asked.withLock { $0 } == 2)
  }

  @Test("A connection beyond the 64th is closed, and takes its turn when one of them has gone")
  func connectionLimit() async throws {
    try await serve { endpoint in
      func connect() async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: endpoint.address).get()
      }
      var idle: [any Channel] = []
      for _ in 0..<MetricsEndpoint.connectionsMax { idle.append(try await connect()) }
      /// One that is not may also be reset while it writes.
      func isAnswered() async -> Bool { (try? await say(request("GET /"), to: endpoint))?.isEmpty == false }
      #expect(await !isAnswered())
      try await idle.removeLast().close()
      // The endpoint hears of it a moment later.
      while await !isAnswered() { await Task.yield() }
      for channel in idle {
        #expect(channel.isActive)
        try await channel.close()
      }
    }
  }

  @Test("Closing the endpoint cuts off who is connected")
  func closing() async throws {
    try await serve { endpoint in
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(to: endpoint.address).get()
      // Once this is answered, the connection before it was accepted.
      _ = try await say(request("GET /"), to: endpoint)
      await endpoint.close()
      try await channel.closeFuture.get()
    }
  }

  // MARK: The clock

  private func embedded(
    snapshot: @escaping @Sendable () async -> ServiceSnapshot = { SnapshotFixture.empty() }
  ) async throws -> NIOAsyncTestingChannel {
    let channel = NIOAsyncTestingChannel()
    try await channel.testingEventLoop.executeInContext {
      try MetricsEndpoint.addHandlers(to: channel, snapshot: snapshot)
    }
    try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    return channel
  }

  @Test("A request that is not there after 10 seconds is no longer waited for, however many bytes of it came")
  func slowRequest() async throws {
    let channel = try await embedded()
    for byte in request("GET /metrics").utf8.prefix(9) {
      try await channel.writeInbound(ByteBuffer(bytes: [byte]))
      await channel.testingEventLoop.advanceTime(by: .seconds(1))
    }
    #expect(channel.isActive)
    await channel.testingEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test("An answer makes room for 10 more seconds")
  func idleAfterAnswer() async throws {
    let channel = try await embedded()
    await channel.testingEventLoop.advanceTime(by: .seconds(9))
    try await channel.writeInbound(ByteBuffer(string: request("GET /", close: false)))
    _ = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
    await channel.testingEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    await channel.testingEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test("An answer that takes longer than 10 seconds is given up")
  func slowAnswer() async throws {
    let (asked, askedInput) = AsyncStream.makeStream(of: Void.self)
    let (release, releaseInput) = AsyncStream.makeStream(of: Void.self)
    let channel = try await embedded {
      askedInput.finish()
      for await _ in release {}
      return SnapshotFixture.empty()
    }
    try await channel.writeInbound(ByteBuffer(string: request("GET /metrics", close: false)))
    for await _ in asked {}
    await channel.testingEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    await channel.testingEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
    releaseInput.finish()
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
