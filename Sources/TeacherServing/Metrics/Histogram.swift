/// Counts by size, in buckets whose bounds never change.
///
/// Histograms are mutated by one event loop. A copy shares its storage until the next `record`, which then allocates
/// once: that is the cost of a snapshot, not of a batch.
protocol Histogram: Sendable {
  /// The upper bound of each bucket but the last, which has none: ascending, inclusive, in the unit that is exposed.
  static var bounds: [Double] { get }
  /// How many fell into each bucket, one more than there are bounds.
  var buckets: ContiguousArray<UInt64> { get set }
  /// In the unit that is exposed.
  var sum: Double { get }
  mutating func mergeSum(of other: Self)
}

extension Histogram {
  var count: UInt64 { buckets.reduce(0, &+) }

  mutating func merge(_ other: Self) {
    for index in buckets.indices { buckets[index] &+= other.buckets[index] }
    mergeSum(of: other)
  }
}
