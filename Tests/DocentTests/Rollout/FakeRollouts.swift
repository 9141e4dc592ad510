import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Wire

/// A service that answers calls about rollouts as a test says, over real sockets, and remembers what it was asked.
final class FakeRollouts: ConnectionService {
  typealias Answer = @Sendable (V1.RolloutRequest) throws(WireStatus) -> V1.RolloutReply

  /// What it was asked, by any connection.
  final class Log: Sendable {
    private let asked = Mutex<[V1.RolloutRequest]>([])
    var requests: [V1.RolloutRequest] { asked.withLock { $0 } }
    func add(_ request: V1.RolloutRequest) { asked.withLock { $0.append(request) } }
  }

  private let answer: Answer
  private let events: [V1.WatchEvent]
  private let stable: UInt64
  private let log: Log

  private init(_ answer: @escaping Answer, events: [V1.WatchEvent], stable: UInt64, log: Log) {
    (self.answer, self.events, self.stable, self.log) = (answer, events, stable, log)
  }

  /// Serves while `body` runs.
  ///
  /// - Parameters:
  ///   - events: what a watch brings at once; it brings nothing more.
  ///   - stable: the version that the model's description has.
  ///   - body: is given the address.
  static func serve<Result>(
    events: [V1.WatchEvent] = [], stable: UInt64 = 2, answer: @escaping Answer,
    body: (String, Log) async throws -> Result
  ) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let log = Log()
    let settings = ServerSettings.defaults
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let loop = ServerLoop(
      eventLoop: group.next(), service: FakeRollouts(answer, events: events, stable: stable, log: log),
      settings: settings, share: ServerShare(settings: settings, gate: OpenGate()), logger: logger)
    let channel = try await WireServer.bind(
      to: .tcp(host: "127.0.0.1", port: 0), group: group, loops: [loop], logger: logger)
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body("127.0.0.1:\(channel.localAddress?.port ?? 0)", log))
    } catch {
      result = .failure(error)
    }
    try await channel.close()
    try await group.shutdownGracefully()
    return try result.get()
  }

  // MARK: ConnectionService

  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<FakeRollouts>) {
    switch request {
    case .rollout(let request):
      log.add(request)
      do throws(WireStatus) {
        connection.answer(call, with: .rolloutReply(try answer(request)))
      } catch {
        connection.refuse(call, rows: 0, error)
      }
    case .watch:
      for event in events { _ = connection.send(part: .watchEvent(event), of: call) }
    case .describe(let request):
      connection.answer(
        call,
        with: .describeReply(
          V1.DescribeReply(model: V1.Model(name: request.model), version: V1.Version(number: stable))))
    default:
      connection.refuse(call, rows: 0, WireStatus(.unimplemented, "not in this test"))
    }
  }

  func cancel(call: UInt32, on connection: ServerConnection<FakeRollouts>) {
    connection.refuse(call, rows: 0, WireStatus(.cancelled, "the client gave up its call"))
  }

  func infer(_ query: InferRequestView, on connection: ServerConnection<FakeRollouts>) {
    connection.refuse(query.call, rows: query.rows, WireStatus(.unimplemented, "not in this test"))
  }

  func abandon(_ connection: ServerConnection<FakeRollouts>) {}
  func endWatches(of connection: ServerConnection<FakeRollouts>) {}
  func runTurn() {}
  func turnWritten() {}
  var backlogMicroseconds: UInt64 { 0 }
}

/// Rollouts as a service would tell of them.
enum RolloutSamples {
  static let id = "3f2a00112233445566778899aabbccdd"
  /// 2026-01-02 03:04:05 UTC, when they began.
  static let start: Int64 = 1_767_323_045_000_000

  /// In its second step, begun a minute after the first.
  static let running = V1.RolloutReply(
    rollout: id, state: "running", candidate: 3, model: "cartpole", baseline: 2, step: 1, steps: [1, 5, 25, 50, 100],
    weightPercent: 5, plan: "candidate: 3\nevery: 10m\n",
    gates: [
      V1.GateReading(
        gate: "kl<0.05", state: "passed", estimate: 0.012_345, lower: 0.01, upper: 0.0149, units: 1412),
      V1.GateReading(gate: "agreement>0.95", state: "undecided", estimate: 0.97, lower: 0.93, upper: 0.991, units: 412),
      V1.GateReading(gate: "errors<0.01", state: "undecided"),
    ], candidateEpisodes: 57, stableEpisodes: 1034, stepStartedMicroseconds: start + 60_000_000,
    createdMicroseconds: start, who: "ops", revision: 3)

  static let history = V1.RolloutReply(
    rollout: id, state: "running", model: "cartpole",
    events: [
      V1.RolloutEvent(
        rollout: "3e00", kind: "started", step: 0, weightPercent: 1, who: "ops", whenMicroseconds: start - 9_000_000,
        reason: "try"),
      V1.RolloutEvent(
        rollout: "3e00", kind: "rolled back", step: 0, weightPercent: 0, who: "docent-teacher",
        whenMicroseconds: start - 5_000_000, reason: "kl<0.05 failed: 0.13 [0.09, 0.17]"),
      V1.RolloutEvent(
        rollout: id, kind: "started", step: 0, weightPercent: 0.5, who: "ops", whenMicroseconds: start, reason: ""),
    ],
    rollouts: [
      V1.RolloutRecord(
        rollout: id, state: "running", candidate: 3, baseline: 2, step: 1, steps: [0.5, 5, 100], weightPercent: 5,
        plan: "p", who: "ops", createdMicroseconds: start),
      V1.RolloutRecord(
        rollout: "3e00", state: "rolled back", candidate: 1, baseline: 2, step: 0, steps: [1, 100],
        reason: "kl<0.05 failed: 0.13 [0.09, 0.17]", who: "ops", createdMicroseconds: start - 9_000_000,
        endedMicroseconds: start - 5_000_000),
    ])
}
