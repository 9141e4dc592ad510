/// How often each of some reasons was the reason. For what is rare: it hashes.
struct ReasonCounts<Reason: MetricReason>: Sendable {
  private var counts: [Reason: UInt64] = [:]

  /// Every reason in the order of its declaration, those that never occurred too.
  var all: [(reason: Reason, count: UInt64)] { Reason.allCases.map { ($0, self[$0]) } }
  var total: UInt64 { counts.values.reduce(0, &+) }

  subscript(reason: Reason) -> UInt64 { counts[reason, default: 0] }

  mutating func count(_ reason: Reason, times: UInt64 = 1) { counts[reason, default: 0] &+= times }

  mutating func merge(_ other: Self) { counts.merge(other.counts, uniquingKeysWith: &+) }
}

/// A label's value: its raw value is what is exposed.
protocol MetricReason: Hashable, CaseIterable, RawRepresentable, Sendable where RawValue == String {}

/// Why a call got no answer from a model, where the service itself was the cause or the caller asked too much.
enum CallRefusal: String, MetricReason {
  case queueFull = "queue_full"
  case rowsInFlight = "rows_in_flight"
  case callsInFlight = "calls_in_flight"
  case rate
  case draining
  case deadline
  case unauthenticated
  case permission
  case unknownModel = "unknown_model"
  case invalid
  case unimplemented
}

/// Why a frame ended its connection.
enum FrameRefusal: String, MetricReason {
  case tooLong = "too_long"
  case malformed
  case callNumber = "call_number"
  /// A frame that is not allowed at that moment, such as a second Hello.
  case unexpected
}

/// Why a connection is over.
enum ConnectionEnd: String, MetricReason {
  case client
  /// The client vanished or the network failed.
  case failed
  case drained
  case badFrame = "bad_frame"
  /// No Hello in time.
  case helloTimeout = "hello_timeout"
  case keepalive
  case unauthenticated
  /// As many as are allowed were open.
  case tooMany = "too_many"
  case tls
  /// It did not read what it had asked for.
  case unread
}

/// Calls that are no queries.
enum ControlCall: String, MetricReason {
  case describe, health, list, alias, history, verify, publish, fetch, unimplemented
}
