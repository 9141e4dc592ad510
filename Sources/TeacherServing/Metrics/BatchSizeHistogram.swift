/// How many rows a forward pass computed: powers of two to 65,536.
struct BatchSizeHistogram: Histogram {
  static let bounds = (0...16).map { Double(1 << $0) }

  var buckets = ContiguousArray<UInt64>(repeating: 0, count: bounds.count + 1)
  private(set) var rows: UInt64 = 0

  var sum: Double { Double(rows) }

  /// One batch.
  @inline(__always)
  mutating func record(rows: Int) {
    // The smallest power of two that holds them.
    let bucket = rows <= 1 ? 0 : Int.bitWidth &- (rows &- 1).leadingZeroBitCount
    buckets[min(bucket, buckets.count &- 1)] &+= 1
    self.rows &+= UInt64(truncatingIfNeeded: rows)
  }

  mutating func mergeSum(of other: Self) { rows &+= other.rows }
}
