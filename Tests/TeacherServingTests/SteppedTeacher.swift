import Logging
import NIOCore
import NIOEmbedded
import Neural
import Synchronization
import Wire

@testable import TeacherServing

/// A teacher's loop on embedded channels: every turn, and every batch of the compute thread, happens when a test says so.
struct SteppedTeacher {
  let eventLoop = EmbeddedEventLoop()
  let compute = SteppedCompute()
  let loop: ServerLoop<TeacherLoop>

  init(settings: ServingSettings = .defaults, control: any ControlPlane = NoControl()) {
    var settings = settings
    // Where a test says nothing of it, networks run on the loop, however slow the machine is.
    if settings.loopMicrosecondsPerRowMax > 0 { settings.loopMicrosecondsPerRowMax = .infinity }
    loop = ServerLoop(
      eventLoop: eventLoop,
      service: TeacherLoop(
        eventLoop: eventLoop, settings: settings, control: control, compute: compute),
      settings: settings.server, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Serves these versions of the model "m", numbered from 1.
  @discardableResult
  func serve(_ policies: [InferencePolicy], aliases: [String: UInt64] = ["stable": 1]) -> [LoadedVersion] {
    let loaded = policies.enumerated().map { index, policy in
      LoadedVersion(model: "m", number: UInt64(index + 1), policy: policy)
    }
    adopt(loaded, aliases: aliases)
    return loaded
  }

  func adopt(
    _ loaded: [LoadedVersion], aliases: [String: UInt64], stored: [UInt64] = [], rollout: CatalogueRollout? = nil,
    withdrawn: Set<UInt64> = [], leaseEnds: [UInt64: NIODeadline] = [:]
  ) {
    loop.service.adopt(
      Catalogue(models: [
        Catalogue.Model(
          name: "m", loaded: loaded, stored: loaded.map(\.number) + stored,
          aliases: aliases.map { V1.AliasTarget(alias: $0.key, version: $0.value) }.sorted { $0.alias < $1.alias },
          rollout: rollout, withdrawn: withdrawn, leaseEnds: leaseEnds)
      ]))
  }

  func connect() throws -> Client {
    let channel = EmbeddedChannel(loop: eventLoop)
    try WireServer.add(loop: loop, to: channel)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let client = Client(channel: channel)
    try client.write(V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "test"))))
    eventLoop.run()
    _ = try client.read()
    return client
  }

  struct Client {
    let channel: EmbeddedChannel

    /// Hands frames to the server, whose turn does not end yet.
    func write(_ frames: V1.Frame...) throws {
      var codec = FrameCodec()
      try channel.writeInbound(ByteBuffer(bytes: frames.flatMap { codec.bytes(of: $0) }))
    }

    func read() throws -> [V1.Frame] {
      var codec = FrameCodec()
      var frames: [V1.Frame] = []
      while var buffer = try channel.readOutbound(as: ByteBuffer.self) {
        var decoder = FrameDecoder()
        while let payload = try decoder.decode(buffer: &buffer) {
          frames.append(try payload.withUnsafeReadableBytes { bytes throws(DecodingFault) in try codec.read(bytes) })
        }
      }
      return frames
    }
  }

  /// Sends one query on a connection of its own and ends the turn.
  func ask(_ request: V1.InferRequest) throws -> V1.Body? {
    let client = try connect()
    try client.write(V1.Frame(call: 1, .infer(request)))
    eventLoop.run()
    return try client.read().last?.body
  }
}

/// A query of rows x 4 numbers.
func query(_ observations: [Float], model: String = "m", width: Int = 4) -> V1.InferRequest {
  V1.InferRequest(
    model: model, rows: observations.count / width, observations: observations.withUnsafeBytes { Array($0) })
}

extension V1.Body {
  var status: WireStatus? { if case .status(let status) = self { status } else { nil } }
  var inferReply: V1.InferReply? { if case .inferReply(let reply) = self { reply } else { nil } }
}

/// Batches wait until `step()`, or `begin()` and `end()`.
final class SteppedCompute: ComputeThread {
  private let batches = Mutex<[(batch: Batch, done: @Sendable () -> Void)]>([])
  private let unseen = Mutex<[(batch: ShadowBatch, done: @Sendable () -> Void)]>([])

  /// Batches that no client waits for.
  var waitingUnseen: Int { unseen.withLock(\.count) }

  var waiting: Int { batches.withLock(\.count) }
  /// Rows of the oldest batch; 0 where none waits.
  var nextRows: Int { batches.withLock { $0.first?.batch.rows ?? 0 } }

  func run(_ batch: Batch, done: @escaping @Sendable () -> Void) {
    batches.withLock { $0.append((batch, done)) }
  }

  func run(unseen batch: ShadowBatch, done: @escaping @Sendable () -> Void) {
    unseen.withLock { $0.append((batch, done)) }
  }

  func step() {
    begin()
    end()
  }

  func stepUnseen() {
    let (batch, done) = unseen.withLock { $0.removeFirst() }
    batch.compute()
    done()
  }

  /// The thread takes the oldest batch.
  func begin() {
    batches.withLock { $0[0].batch.claim() }
  }

  /// The thread has computed it.
  func end() {
    let (batch, done) = batches.withLock { $0.removeFirst() }
    batch.compute()
    done()
  }
}

struct NoControl: ControlPlane {
  func answer(
    _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body? { .cancel }
}

extension ControlPlane {
  /// Of a call whose answer has one part.
  func answer(_ request: ServerRequest, who: String, scopes: Scopes = .all) async throws -> V1.Body {
    let body = try await answer(request, who: who, scopes: scopes) { part in
      throw WireStatus(.internalError, "a part: \(part)")
    }
    guard let body else { throw WireStatus(.internalError, "no answer") }
    return body
  }
}
