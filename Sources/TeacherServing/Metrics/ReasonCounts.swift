import Wire

/// How often each of some reasons was the reason. For what is rare: it hashes.
struct ReasonCounts<Reason: MetricReason>: Sendable {
  private var counts: [Reason: UInt64]

  init(_ counts: [Reason: UInt64] = [:]) {
    self.counts = counts
  }

  /// Every reason in the order of its declaration, those that never occurred too.
  var all: [(reason: Reason, count: UInt64)] { Reason.allCases.map { ($0, self[$0]) } }
  var total: UInt64 { counts.values.reduce(0, &+) }

  subscript(reason: Reason) -> UInt64 { counts[reason, default: 0] }

  mutating func count(_ reason: Reason, times: UInt64 = 1) { counts[reason, default: 0] &+= times }

  mutating func merge(_ other: Self) { counts.merge(other.counts, uniquingKeysWith: &+) }
}

/// A label's value: its raw value is what is exposed.
protocol MetricReason: Hashable, CaseIterable, RawRepresentable, Sendable where RawValue == String {}

extension CallRefusal: MetricReason {}
extension ConnectionEnd: MetricReason {}
extension FrameRefusal.Reason: MetricReason {}

/// Calls that are no queries.
enum ControlCall: String, MetricReason {
  case describe, health, list, alias, history, verify, publish, fetch, rollout, report, watch, unimplemented
}
