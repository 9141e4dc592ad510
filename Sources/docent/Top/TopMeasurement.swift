/// What a teacher service did between two polls.
struct TopMeasurement: Encodable, Sendable {
  /// Of what took different times; nil where nothing happened.
  struct Times: Encodable, Sendable {
    var p50: Double?
    var p99: Double?

    init(_ histogram: HistogramReading) {
      p50 = histogram.quantile(0.5)
      p99 = histogram.quantile(0.99)
    }
  }

  struct Version: Encodable, Sendable {
    var model: String
    var version: UInt64
    var isLoaded: Bool
    var aliases: [String]
    var queriesPerSecond: Double
    var rowsPerSecond: Double
    /// Rows of a forward pass.
    var meanBatch: Double?
    var queueSeconds: Times
    var computeSeconds: Times
    var replySeconds: Times
    /// By status.
    var errorsPerSecond: [String: Double]
  }

  var address: String
  /// Between the two polls, by the service's clock.
  var seconds: Double
  var uptimeSeconds: Double
  var eventLoops: Int
  var connections: Int
  var queuedRows: Int
  var residentBytes: Int?
  var openDescriptors: Int?
  var descriptorsMax: Int?
  /// How many processors it kept busy.
  var processors: Double?
  var queriesPerSecond: Double
  var rowsPerSecond: Double
  var readBytesPerSecond: Double
  var writtenBytesPerSecond: Double
  /// By reason.
  var refusalsPerSecond: [String: Double]
  /// Of queries that found no model, by status.
  var unroutedPerSecond: [String: Double]
  /// Those that are loaded or were asked: by model, the newest first.
  var versions: [Version]

  /// - Parameter before: the poll before; nothing where there was none, and then there are no rates.
  init(address: String, from before: ServiceReading?, to now: ServiceReading) {
    // A service that began between the two counts from zero.
    let isNew = before.map { now.uptime < $0.uptime } ?? false
    let elapsed = isNew ? now.uptime : now.uptime - (before?.uptime ?? now.uptime)
    let older = isNew ? nil : before
    func rate(_ count: Double, _ olderCount: Double?) -> Double {
      guard before != nil, elapsed > 0 else { return 0 }
      let olderCount = olderCount ?? 0
      return (count >= olderCount ? count - olderCount : count) / elapsed
    }
    func rates(_ counts: [String: Double], _ olderCounts: [String: Double]?) -> [String: Double] {
      var rates: [String: Double] = [:]
      for (name, count) in counts { rates[name] = rate(count, olderCounts?[name]) }
      return rates.filter { $0.value > 0 }
    }

    self.address = address
    seconds = elapsed
    uptimeSeconds = now.uptime
    eventLoops = now.eventLoops
    connections = now.connections
    queuedRows = now.queuedRows
    residentBytes = now.residentBytes
    openDescriptors = now.openDescriptors
    descriptorsMax = now.descriptorsMax
    processors = now.processorSeconds.map { rate($0, older?.processorSeconds) }
    readBytesPerSecond = rate(now.bytesRead, older?.bytesRead)
    writtenBytesPerSecond = rate(now.bytesWritten, older?.bytesWritten)
    refusalsPerSecond = rates(now.refusals, older?.refusals)
    unroutedPerSecond = rates(now.unrouted, older?.unrouted)
    versions = now.versions.map { name, version in
      let old = older?.versions[name]
      let calls = rates(version.calls, old?.calls)
      // Without a poll before there is no interval whose times these would be.
      func since(_ histogram: (ServiceReading.Version) -> HistogramReading) -> HistogramReading {
        before == nil ? HistogramReading() : histogram(version).since(old.map(histogram))
      }
      return Version(
        model: name.model, version: name.number, isLoaded: version.isLoaded, aliases: version.aliases.sorted(),
        queriesPerSecond: calls.values.reduce(0, +), rowsPerSecond: rate(version.rows, old?.rows),
        meanBatch: since(\.batches).mean, queueSeconds: Times(since(\.queue)), computeSeconds: Times(since(\.compute)),
        replySeconds: Times(since(\.reply)), errorsPerSecond: calls.filter { $0.key != "OK" })
    }
    .filter { $0.isLoaded || $0.queriesPerSecond > 0 }
    .sorted { ($0.model, $1.version) < ($1.model, $0.version) }
    queriesPerSecond =
      versions.reduce(0) { $0 + $1.queriesPerSecond } + unroutedPerSecond.values.reduce(0, +)
    rowsPerSecond = versions.reduce(0) { $0 + $1.rowsPerSecond }
  }
}
