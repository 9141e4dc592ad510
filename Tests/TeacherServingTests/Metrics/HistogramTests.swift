import Testing

@testable import TeacherServing

@Suite struct HistogramTests {
  @Test("A duration falls into the first bucket whose bound holds it, at every bound and beyond")
  func latencyBuckets() {
    let limits = LatencyHistogram.bounds.map { UInt64(($0 * 1e9).rounded()) }
    #expect(limits.first == 1000 && limits.last == 10_000_000_000)
    #expect(zip(limits, limits.dropFirst()).allSatisfy { Double($1) / Double($0) <= 1.25 && $0 < $1 })
    func bucket(_ nanoseconds: UInt64) -> Int? {
      var histogram = LatencyHistogram()
      histogram.record(nanoseconds: nanoseconds)
      return histogram.buckets.firstIndex(of: 1)
    }
    #expect(bucket(0) == 0 && bucket(1) == 0)
    for (index, limit) in limits.enumerated() {
      #expect(bucket(limit) == index)
      #expect(bucket(limit + 1) == index + 1)
    }
    #expect(bucket(.max) == limits.count)
    for position in 0..<UInt64(64) {
      let duration = UInt64(1) << position
      #expect(bucket(duration) == limits.firstIndex { $0 >= duration } ?? limits.count)
    }
  }

  @Test("A batch falls into the smallest power of two that holds it")
  func batchBuckets() {
    for (rows, bucket) in [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (256, 8), (257, 9), (65_536, 16), (65_537, 17)] {
      var histogram = BatchSizeHistogram()
      histogram.record(rows: rows)
      #expect(histogram.buckets.firstIndex(of: 1) == bucket, "\(rows) rows")
      #expect(histogram.sum == Double(rows))
      #expect(bucket == 17 || BatchSizeHistogram.bounds[bucket] >= Double(rows))
    }
  }

  @Test("Merging adds buckets, counts and sums")
  func merge() {
    var first = LatencyHistogram()
    first.record(nanoseconds: 2_000, count: 3)
    var second = LatencyHistogram()
    second.record(nanoseconds: 2_100, count: 4)
    second.record(nanoseconds: 5_000_000_000)
    first.merge(second)
    #expect(first.count == 8)
    #expect(first.buckets.filter { $0 > 0 } == [7, 1])
    #expect(abs(first.sum - (5 + 6e-6 + 8.4e-6)) < 1e-12)

    var batches = BatchSizeHistogram()
    batches.record(rows: 2)
    batches.merge(batches)
    #expect(batches.rows == 4 && batches.count == 2)
  }

  @Test("A sum of more nanoseconds than 64 bits hold goes on")
  func largeSums() {
    var histogram = LatencyHistogram()
    for _ in 0..<3 { histogram.record(nanoseconds: 10_000_000_000, count: 1_000_000_000) }
    #expect(histogram.sum == 3e10)
  }
}
