@testable import TeacherServing
@testable import docent

/// A service of one event loop whose counts a test sets.
struct FakeService: Sendable {
  struct Served: Sendable {
    var key: VersionKey
    var metrics = LaneMetrics()
    var isLoaded = true
    var aliases: [String] = []
  }

  var uptime: Duration = .seconds(100)
  var loop = LoopMetrics()
  var served: [Served]
  var process = ProcessFigures(residentBytes: 32 << 20, openDescriptors: 40, descriptorsMax: 20_000)

  init(_ served: [Served]) {
    self.served = served
  }

  /// Two versions of a model, the older behind `stable`.
  static let pair = FakeService([
    Served(key: VersionKey(model: "cartpole", number: 1), aliases: ["stable"]),
    Served(key: VersionKey(model: "cartpole", number: 2), aliases: ["canary"]),
  ])

  var snapshot: ServiceSnapshot {
    var snapshot = ServiceSnapshot(
      loaded: served.filter(\.isLoaded).map { .init(key: $0.key, parameters: 4610, microsecondsPerRow: 0.6) },
      aliases: served.flatMap { version in
        version.aliases.map { .init(model: version.key.model, alias: $0, version: version.key.number) }
      },
      uptime: uptime, process: process)
    snapshot.merge(
      ServiceSnapshot.LoopPart(
        metrics: loop, lanes: served.map { (key: $0.key, metrics: $0.metrics) }, queuedRows: 3))
    return snapshot
  }

  var reading: ServiceReading {
    get throws { try ServiceReading(Exposition(parsing: Array(PrometheusText.render(snapshot).utf8))) }
  }

  /// Time passes, and a version answers batches of 4 queries of one row each.
  mutating func answer(batches: Int, by index: Int, in seconds: Double = 0) {
    uptime += .seconds(seconds)
    for _ in 0..<batches {
      served[index].metrics.answered(calls: 4, rows: 4)
      served[index].metrics.batches.record(rows: 4)
      served[index].metrics.queueTime.record(nanoseconds: 30_000, count: 4)
      served[index].metrics.computeTime.record(nanoseconds: 2_000_000)
      served[index].metrics.replyTime.record(nanoseconds: 5_000, count: 4)
    }
  }
}
