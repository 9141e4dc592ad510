import Wire

@testable import TeacherServing

/// Snapshots of a service with two models and a history.
enum SnapshotFixture {
  static let key = VersionKey(model: "cartpole", number: 2)

  /// Of one batch of `calls` queries of one row.
  static func lane(calls: UInt64, refused: WireStatus.Code? = nil) -> LaneMetrics {
    var metrics = LaneMetrics()
    guard calls > 0 else { return metrics }
    metrics.answered(calls: calls, rows: calls)
    if let refused { metrics.calls.count(refused) }
    metrics.queueTime.record(nanoseconds: 12_000, count: calls)
    metrics.computeTime.record(nanoseconds: 40_000)
    metrics.replyTime.record(nanoseconds: 3_000, count: calls)
    metrics.batches.record(rows: Int(calls))
    return metrics
  }

  static func loop(_ lanes: [(VersionKey, LaneMetrics)], queuedRows: Int = 0) -> ServiceSnapshot.LoopPart {
    var metrics = LoopMetrics()
    var counters = ServerCounters()
    counters.connectionsAccepted = 2
    counters.connectionsOpen = 1
    counters.connectionsEnded[.client] = 1
    counters.bytesRead = 1000
    counters.bytesWritten = 2000
    counters.framesRefused[.unparseable] = 1
    metrics.connections = ConnectionMetrics(counters)
    metrics.callsRefused.count(.queueFull, times: 5)
    metrics.unrouted.count(.notFound)
    metrics.control.count(.describe, .ok)
    metrics.turns = 10
    return ServiceSnapshot.LoopPart(
      metrics: metrics, lanes: lanes.map { (key: $0.0, metrics: $0.1) }, queuedRows: queuedRows)
  }

  static func empty() -> ServiceSnapshot {
    ServiceSnapshot(
      loaded: [
        .init(key: VersionKey(model: "walker", number: 1), parameters: 70_000, microsecondsPerRow: 8.5),
        .init(key: key, parameters: 4610, microsecondsPerRow: 0.6),
      ],
      aliases: [
        .init(model: "walker", alias: "stable", version: 1), .init(model: "cartpole", alias: "stable", version: 2),
        .init(model: "cartpole", alias: "canary", version: 2),
      ],
      uptime: .seconds(90),
      process: ProcessFigures(
        residentBytes: 33_554_432, openDescriptors: 40, descriptorsMax: 20_000, processorSeconds: 12.5,
        startTime: 1_700_000_000.25))
  }

  static func full() -> ServiceSnapshot {
    var snapshot = empty()
    var first = loop([(key, lane(calls: 7, refused: .deadlineExceeded))], queuedRows: 3)
    first.metrics.retired.retire(VersionKey(model: "cartpole", number: 1), lane(calls: 2))
    snapshot.merge(first)
    snapshot.merge(loop([(key, lane(calls: 1))]))
    return snapshot
  }
}
