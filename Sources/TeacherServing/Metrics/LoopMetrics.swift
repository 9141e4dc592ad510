import Wire

/// What one event loop counts beside its versions; it alone mutates it.
struct LoopMetrics: Sendable {
  struct ControlKey: Hashable, Sendable {
    let call: ControlCall
    let code: WireStatus.Code
  }

  var connections = ConnectionMetrics()
  /// Queries that ended before a version was found for them.
  var unrouted = StatusCounts()
  var callsRefused = ReasonCounts<CallRefusal>()
  private(set) var control: [ControlKey: UInt64] = [:]
  var turns: UInt64 = 0
  var retired = RetiredVersions()

  mutating func count(_ call: ControlCall, _ code: WireStatus.Code) {
    control[ControlKey(call: call, code: code.counted), default: 0] &+= 1
  }

  /// Sums everything but `retired`, whose place a snapshot has among its versions.
  mutating func merge(_ other: Self) {
    connections.merge(other.connections)
    unrouted.merge(other.unrouted)
    callsRefused.merge(other.callsRefused)
    control.merge(other.control, uniquingKeysWith: &+)
    turns &+= other.turns
  }
}

/// The same of its connections.
struct ConnectionMetrics: Sendable {
  private(set) var open = 0
  private(set) var accepted: UInt64 = 0
  private(set) var closed = ReasonCounts<ConnectionEnd>()
  var framesRefused = ReasonCounts<FrameRefusal>()
  var bytesRead: UInt64 = 0
  var bytesWritten: UInt64 = 0

  mutating func opened() {
    open += 1
    accepted &+= 1
  }

  mutating func ended(_ reason: ConnectionEnd) {
    open -= 1
    closed.count(reason)
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
