/// The counts of versions that are no longer loaded: counters never go down.
///
/// What was unloaded last keeps its own counts. What came before is one sum a model, so that a service that sees a new
/// version every hour does not grow.
struct RetiredVersions: Sendable {
  static let keptMax = 64

  private(set) var counts: [VersionKey: LaneMetrics] = [:]
  /// Those with counts of their own, in the order of their unloading.
  private var order: [VersionKey] = []

  mutating func retire(_ key: VersionKey, _ metrics: LaneMetrics) {
    order.removeAll { $0 == key }
    order.append(key)
    counts[key, default: LaneMetrics()].merge(metrics)
    guard order.count > Self.keptMax else { return }
    let oldest = order.removeFirst()
    guard let old = counts.removeValue(forKey: oldest) else { return }
    counts[VersionKey(model: oldest.model, number: VersionKey.older), default: LaneMetrics()].merge(old)
  }
}
