import Wire

/// What one event loop counts beside its versions; it alone mutates it.
struct LoopMetrics: Sendable {
  var connections = ConnectionMetrics()
  /// Queries that ended before a version was found for them.
  var unrouted = StatusCounts()
  var callsRefused = ReasonCounts<CallRefusal>()
  var control = ControlCounts()
  var turns: UInt64 = 0
  var retired = RetiredVersions()

  /// Sums everything but `retired`, whose place a snapshot has among its versions.
  mutating func merge(_ other: Self) {
    connections.merge(other.connections)
    unrouted.merge(other.unrouted)
    callsRefused.merge(other.callsRefused)
    control.merge(other.control)
    turns &+= other.turns
  }
}

/// Calls other than queries by how they ended.
struct ControlCounts: Sendable {
  struct Key: Hashable, Sendable {
    let call: ControlCall
    let code: WireStatus.Code
  }

  private(set) var counts: [Key: UInt64] = [:]

  mutating func count(_ call: ControlCall, _ code: WireStatus.Code) {
    counts[Key(call: call, code: code.counted), default: 0] &+= 1
  }

  mutating func merge(_ other: Self) { counts.merge(other.counts, uniquingKeysWith: &+) }
}

/// The same of its connections.
struct ConnectionMetrics: Sendable {
  var open = 0
  var accepted: UInt64 = 0
  var closed = ReasonCounts<ConnectionEnd>()
  var framesRefused = ReasonCounts<FrameRefusal.Reason>()
  var bytesRead: UInt64 = 0
  var bytesWritten: UInt64 = 0

  init() {}

  init(_ counters: ServerCounters) {
    open = counters.connectionsOpen
    accepted = counters.connectionsAccepted
    closed = ReasonCounts(counters.connectionsEnded)
    framesRefused = ReasonCounts(counters.framesRefused)
    bytesRead = counters.bytesRead
    bytesWritten = counters.bytesWritten
  }

  mutating func merge(_ other: Self) {
    open += other.open
    accepted &+= other.accepted
    closed.merge(other.closed)
    framesRefused.merge(other.framesRefused)
    bytesRead &+= other.bytesRead
    bytesWritten &+= other.bytesWritten
  }
}
