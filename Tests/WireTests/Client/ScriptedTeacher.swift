import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import Wire

/// A teacher that does what a test tells it, frame by frame, for what the real service cannot be made to do.
struct ScriptedTeacher: Sendable {
  let address: String

  typealias Script = @Sendable (Session) async throws -> Void

  /// Runs each script on a connection of its own, in the order in which they come, and `body` beside them. Further
  /// connections are closed at once.
  ///
  /// - Parameters:
  ///   - tls: what the teacher speaks TLS with; nil for none.
  ///   - path: of a Unix-domain socket to listen on; nil for a port.
  static func run(
    tls: NIOSSLContext? = nil, path: String? = nil,
    _ first: @escaping Script, then second: Script? = nil, then third: Script? = nil,
    body: @Sendable (ScriptedTeacher) async throws -> Void
  ) async throws {
    let scripts = [first, second, third].compactMap { $0 }
    // Nothing is read before a session takes the connection.
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.autoRead, value: false)
    let initializer: @Sendable (any Channel) -> EventLoopFuture<any Channel> = { channel in
      channel.eventLoop.makeCompletedFuture {
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(FrameDecoder()))
        return channel
      }
    }
    let server =
      if let path {
        try await bootstrap.bind(unixDomainSocketPath: path, childChannelInitializer: initializer)
      } else {
        try await bootstrap.bind(host: "127.0.0.1", port: 0, childChannelInitializer: initializer)
      }
    let address = try path.map { "unix:\($0)" } ?? "127.0.0.1:\(#require(server.channel.localAddress?.port))"
    try await server.executeThenClose { connections in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await withThrowingTaskGroup(of: Void.self) { sessions in
            var count = 0
            for try await connection in connections {
              if scripts.indices.contains(count) {
                let script = scripts[count]
                sessions.addTask { try await Self.run(script, on: connection) }
              } else {
                try? await connection.close()
              }
              count += 1
            }
            #expect(count >= scripts.count, "of \(scripts.count) scripts \(count) had a connection")
            try await sessions.waitForAll()
          }
        }
        try await body(ScriptedTeacher(address: address))
        try await server.channel.close()
        try await group.waitForAll()
      }
    }
  }

  private static func run(_ script: Script, on channel: any Channel) async throws {
    let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    do {
      connection = try await channel.eventLoop.submit {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
          wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: false))
      }.get()
    } catch ChannelError.ioOnClosedChannel {
      return  // The client gave up before the script began.
    }
    try await connection.executeThenClose { inbound, outbound in
      // The client may have gone already.
      try? await channel.setOption(.autoRead, value: true).get()
      try await script(Session(inbound: inbound.makeAsyncIterator(), outbound: outbound))
    }
  }

  /// One connection, of one task.
  final class Session: @unchecked Sendable {
    // Sendable: a script uses it in the one task that it runs in.
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    init(
      inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
      outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
      self.inbound = inbound
      self.outbound = outbound
    }

    /// Reads until the client closes; what it sends beyond the script is a fault.
    func readToEnd() async throws {
      while let frame = try await readOrEnd() { Issue.record("\(frame) is beyond the script") }
    }

    /// The next frame; nil at the end, however the client brought it about.
    func readOrEnd() async throws -> V1.Frame? {
      let payload: ByteBuffer?
      do { payload = try await inbound.next() } catch is IOError { return nil }
      guard let payload else { return nil }
      var codec = FrameCodec()
      return try payload.withUnsafeReadableBytes { try codec.read($0) }
    }

    func read() async throws -> V1.Frame { try #require(try await readOrEnd()) }

    func read(_ count: Int) async throws -> [V1.Frame] {
      var frames: [V1.Frame] = []
      while frames.count < count { frames.append(try await read()) }
      return frames
    }

    /// A client that has gone is not written to, and knows it.
    func write(_ frames: V1.Frame...) async throws {
      var codec = FrameCodec()
      var buffer = ByteBuffer()
      for frame in frames { codec.write(frame, into: &buffer) }
      try? await outbound.write(buffer)
    }

    /// Takes the Hello and answers it.
    @discardableResult
    func welcome(
      protocolNumber: Int = 1, rows: Int = 1024, calls: Int = 64, rowsInFlight: Int = 4096
    ) async throws -> V1.Hello {
      let frame = try await read()
      guard case .hello(let hello) = frame.body, frame.call == 0 else {
        Issue.record("the first frame is \(frame)")
        return V1.Hello()
      }
      let limits = V1.Welcome(
        protocolNumber: protocolNumber, server: "scripted", frameBytesMax: 1 << 20, rowsPerCallMax: rows,
        callsInFlightMax: calls, rowsInFlightMax: rowsInFlight)
      try await write(V1.Frame(.welcome(limits)))
      return hello
    }
  }
}

extension V1.Frame {
  static func goAway(_ lastCall: UInt32, _ code: WireStatus.Code, _ message: String) -> V1.Frame {
    V1.Frame(.goAway(V1.GoAway(lastCall: lastCall, status: WireStatus(code, message))))
  }

  static func healthReply(_ call: UInt32, _ serving: V1.Serving = .serving) -> V1.Frame {
    V1.Frame(call: call, .healthReply(V1.HealthReply(serving: serving)))
  }

  static func status(_ call: UInt32, _ code: WireStatus.Code, _ message: String, retryAfter: UInt64 = 0) -> V1.Frame {
    V1.Frame(call: call, .status(WireStatus(code, message, retryAfterMicroseconds: retryAfter)))
  }

  /// The query in a frame that has one.
  var query: V1.InferRequest {
    guard case .infer(let request) = body else {
      Issue.record("\(self) is no query")
      return V1.InferRequest()
    }
    return request
  }

  /// The reply to this query whose outputs are its observations and whose values count up from its call number.
  func reply(version: UInt64 = 1) -> V1.Frame {
    let outputs = query.observations.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let values = (0..<query.rows).map { Float(Int(call) + $0) }
    return V1.Frame(
      call: call, .inferReply(V1.InferReply(version: version, rows: query.rows, outputs: outputs, values: values)))
  }
}

/// What a query of a test's thread brought.
struct Answer: Equatable, Sendable {
  var outputs: [Float]
  var values: [Float]
  var version: UInt64
}

extension PolicyQuery {
  func submit(_ observations: [Float]) throws(WireStatus) {
    try submit(observations, rows: observations.count / observationWidth)
  }

  /// Waits on a thread of its own: blocking those of the tests would stop the scripts too.
  func answer() async throws -> Answer {
    let handover = Handover()
    defer { handover.take() }
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        var answer = Answer(
          outputs: Array(repeating: .nan, count: self.rows * self.parameterWidth),
          values: Array(repeating: .nan, count: self.rows), version: 0)
        let result = Result {
          answer.version = try self.wait(outputs: &answer.outputs, values: &answer.values)
          return answer
        }
        handover.give()
        continuation.resume(with: result)
      }
    }
  }
}

/// Orders what a thread did before what its task does next. The continuation between them does so already, but in a
/// library that is built without ThreadSanitizer, which therefore does not know.
private final class Handover: Sendable {
  private let isGiven = Atomic(false)

  func give() { isGiven.store(true, ordering: .releasing) }
  func take() { _ = isGiven.load(ordering: .acquiring) }
}
