import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Wire

/// A teacher that does what a test tells it, frame by frame, for what the real service cannot be made to do.
struct ScriptedTeacher: Sendable {
  let address: String

  typealias Script = @Sendable (Session) async throws -> Void

  /// Runs a script on the first connection, then the other on the second, and `body` beside them.
  static func run(
    _ first: @escaping Script, then second: Script? = nil,
    body: @Sendable (ScriptedTeacher) async throws -> Void
  ) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(FrameDecoder()))
          return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: false))
        }
      }
    let address = try #require(server.channel.localAddress)
    try await server.executeThenClose { connections in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          var accepted = connections.makeAsyncIterator()
          for script in [first] + (second.map { [$0] } ?? []) {
            guard let connection = try await accepted.next() else { return }
            try await connection.executeThenClose { inbound, outbound in
              let session = Session(inbound: inbound.makeAsyncIterator(), outbound: outbound)
              try await script(session)
            }
          }
        }
        try await body(ScriptedTeacher(address: "127.0.0.1:\(address.port!)"))
        try await group.waitForAll()
      }
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

    /// The next frame; nil at the end.
    func readOrEnd() async throws -> V1.Frame? {
      guard let payload = try await inbound.next() else { return nil }
      var codec = FrameCodec()
      return try payload.withUnsafeReadableBytes { try codec.read($0) }
    }

    func read() async throws -> V1.Frame { try #require(try await readOrEnd()) }

    func read(_ count: Int) async throws -> [V1.Frame] {
      var frames: [V1.Frame] = []
      while frames.count < count { frames.append(try await read()) }
      return frames
    }

    func write(_ frames: V1.Frame...) async throws {
      var codec = FrameCodec()
      var buffer = ByteBuffer()
      for frame in frames { codec.write(frame, into: &buffer) }
      try await outbound.write(buffer)
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
