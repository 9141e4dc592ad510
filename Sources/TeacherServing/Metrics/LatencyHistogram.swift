/// How long things took: 1 microsecond to 10 seconds, twelve buckets a decade.
///
/// Neighbouring bounds are a factor of 1.25 apart at most, so a quantile that is interpolated within its bucket is off
/// by no more than that, also where all times are nearly the same, as those of one network's batches are.
struct LatencyHistogram: Histogram {
  /// In nanoseconds.
  private static let limits: ContiguousArray<UInt64> = {
    let steps: [UInt64] = [10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82]
    let decades = sequence(first: UInt64(100)) { $0 * 10 }.prefix(7)
    return ContiguousArray(decades.flatMap { decade in steps.map { $0 * decade } } + [10_000_000_000])
  }()

  /// Of each position of the highest bit that is set, the first bucket that a number with that bit can fall into; the
  /// last entry is that of 0.
  private static let firstBuckets: ContiguousArray<Int> = ContiguousArray(
    (0...64).map { leadingZeros in
      let smallest: UInt64 = leadingZeros == 64 ? 0 : 1 << UInt64(63 - leadingZeros)
      return limits.firstIndex { $0 >= smallest } ?? limits.count
    })

  /// In seconds.
  static let bounds = limits.map { Double($0) / 1e9 }

  var buckets = ContiguousArray<UInt64>(repeating: 0, count: limits.count + 1)
  /// A `UInt64` would wrap within weeks: a million queries a second that wait 10 ms each add 10^13 every second.
  private var nanoseconds = 0.0

  var sum: Double { nanoseconds / 1e9 }

  /// - Parameter count: of how many queries this was the time.
  @inline(__always)
  mutating func record(nanoseconds duration: UInt64, count: UInt64 = 1) {
    var bucket = Self.firstBuckets[duration.leadingZeroBitCount]
    // At most four bounds lie between a power of two and the next.
    while bucket < Self.limits.count, duration > Self.limits[bucket] { bucket &+= 1 }
    buckets[bucket] &+= count
    nanoseconds += Double(duration) * Double(count)
  }

  mutating func mergeSum(of other: Self) { nanoseconds += other.nanoseconds }
}
