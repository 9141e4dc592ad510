/// The counts of versions that are no longer loaded: the counters of an unloaded version stay where they are.
///
/// Only those that were unloaded last are kept, so that a service that sees a new version every hour does not grow. The
/// others' counters end, as those of a series may; added to a series of another name they would look like new calls.
struct RetiredVersions: Sendable {
  static let keptMax = 64

  private(set) var counts: [VersionKey: LaneMetrics] = [:]
  /// In the order of their unloading.
  private var order: [VersionKey] = []

  mutating func retire(_ key: VersionKey, _ metrics: LaneMetrics) {
    order.removeAll { $0 == key }
    order.append(key)
    counts[key, default: LaneMetrics()].merge(metrics)
    if order.count > Self.keptMax { counts[order.removeFirst()] = nil }
  }
}
