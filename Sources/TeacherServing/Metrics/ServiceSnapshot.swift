import Neural
import Wire

/// What a teacher service has measured of itself, at one moment: the sum over its event loops.
///
/// Every count is one since the service began. They were read on one event loop after the other, so two of them may be
/// some microseconds apart.
public struct ServiceSnapshot: Sendable {
  /// What one event loop hands over.
  struct LoopPart: Sendable {
    var metrics: LoopMetrics
    /// Every lane that has not been retired, also those that only finish what they have.
    var lanes: [(key: VersionKey, metrics: LaneMetrics)]
    var queuedRows: Int
  }

  struct Loaded: Sendable {
    var key: VersionKey
    var parameters: Int
    var microsecondsPerRow: Double
  }

  struct Alias: Sendable {
    var model: String
    var alias: String
    var version: UInt64
  }

  var loops = LoopMetrics()
  private(set) var eventLoops = 0
  /// Rows that are not answered yet.
  private(set) var queuedRows = 0
  /// Of every version that is loaded, or was unloaded not long ago.
  private(set) var versions: [VersionKey: LaneMetrics] = [:]
  var loaded: [Loaded]
  var aliases: [Alias]
  var uptime: Duration
  var process: ProcessFigures

  init(loaded: [Loaded], aliases: [Alias], uptime: Duration, process: ProcessFigures) {
    self.loaded = loaded
    self.aliases = aliases
    self.uptime = uptime
    self.process = process
    // A version that nobody has asked yet counts zero, and is there.
    for version in loaded { versions[version.key] = LaneMetrics() }
  }

  mutating func merge(_ part: LoopPart) {
    eventLoops += 1
    queuedRows += part.queuedRows
    loops.merge(part.metrics)
    for (key, metrics) in part.lanes { versions[key, default: LaneMetrics()].merge(metrics) }
    for (key, metrics) in part.metrics.retired.counts { versions[key, default: LaneMetrics()].merge(metrics) }
  }
}

extension ServiceSnapshot.Loaded {
  init(_ version: LoadedVersion) {
    self.init(
      key: VersionKey(model: version.model, number: version.number),
      parameters: version.policy.policy.architecture.parameterCount, microsecondsPerRow: version.microsecondsPerRow)
  }
}

extension Catalogue {
  /// Every loaded version, as a snapshot lists it.
  var loadedForSnapshot: [ServiceSnapshot.Loaded] {
    models.flatMap { $0.loaded.map(ServiceSnapshot.Loaded.init) }
  }

  var aliasesForSnapshot: [ServiceSnapshot.Alias] {
    models.flatMap { model in
      model.aliases.map { ServiceSnapshot.Alias(model: model.name, alias: $0.alias, version: $0.version) }
    }
  }
}
