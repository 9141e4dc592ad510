import Wire

/// What one loaded version counts on one event loop, which alone mutates it: once a batch, never a query.
struct LaneMetrics: Sendable {
  /// By how they ended; OK are those that were answered.
  var calls = StatusCounts()
  /// Rows of the calls that were answered OK.
  var rows: UInt64 = 0
  /// From a call's arrival to the beginning of its forward pass; one for each call.
  var queueTime = LatencyHistogram()
  /// One for each forward pass: the sum is the time that the processor spent on this version.
  var computeTime = LatencyHistogram()
  /// From the end of the forward pass until the reply was written; one for each call.
  var replyTime = LatencyHistogram()
  /// Rows of each forward pass.
  var batches = BatchSizeHistogram()

  /// A batch was computed and answered.
  @inline(__always)
  mutating func answered(calls answered: UInt64, rows: UInt64) {
    calls.count(.ok, calls: answered)
    self.rows &+= rows
  }

  mutating func merge(_ other: Self) {
    calls.merge(other.calls)
    rows &+= other.rows
    queueTime.merge(other.queueTime)
    computeTime.merge(other.computeTime)
    replyTime.merge(other.replyTime)
    batches.merge(other.batches)
  }
}

/// Whose counts they are.
struct VersionKey: Hashable, Comparable, Sendable {
  let model: String
  let number: UInt64

  static func < (left: Self, right: Self) -> Bool { (left.model, left.number) < (right.model, right.number) }
}
