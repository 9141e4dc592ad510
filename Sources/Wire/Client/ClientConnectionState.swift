/// What a client knows of its connection: which calls are open, which wait for room, and whether new ones are taken.
///
/// A value without I/O: its transitions say what to send and which calls are over.
struct ClientConnectionState<Call> {
  private enum Phase {
    /// `Hello` is out; no call is sent before the server's limits are known.
    case greeting
    case open
    /// The server takes no new calls; those it started finish.
    case leaving(WireStatus)
    case closed(WireStatus)
  }

  private struct Entry {
    var call: Call
    var rows: Int
  }

  private var phase = Phase.greeting
  private var limits = WireLimits.defaults
  private var nextCall: UInt32 = 1
  private var open: [UInt32: Entry] = [:]
  private var rowsInFlight = 0
  private var waiting: [Entry] = []
  private var firstWaiting = 0

  /// - Parameter nextCall: the number of the first call.
  init(nextCall: UInt32 = 1) {
    self.nextCall = nextCall
  }

  /// The server has said its limits.
  mutating func greeted(_ limits: WireLimits) {
    guard case .greeting = phase else { return }
    self.limits = limits
    phase = .open
  }

  /// Why so many new calls cannot be taken; nil where they can.
  func refusal(ofCalls count: Int) -> WireStatus? {
    switch phase {
    case .leaving(let status), .closed(let status): return status
    case .greeting, .open: break
    }
    let left = Int(WireLimits.callNumberMax) + 1 - Int(nextCall) - (waiting.count - firstWaiting)
    return count <= left ? nil : WireStatus(.unavailable, "the connection has no call numbers left: connect again")
  }

  /// Takes a call that ``refusal(ofCalls:)`` does not refuse.
  ///
  /// - Parameter rows: observations of a query; 0 for other calls.
  /// - Returns: the number to send it under, or nil where the server's limits leave no room now: then
  ///   ``nextToSend()`` gives it when there is.
  mutating func add(_ call: Call, rows: Int) -> UInt32? {
    let entry = Entry(call: call, rows: rows)
    if firstWaiting == waiting.count, hasRoom(rows: rows) { return number(entry) }
    waiting.append(entry)
    return nil
  }

  /// The next of the calls that waited for room, now open under the number.
  mutating func nextToSend() -> (number: UInt32, call: Call)? {
    guard firstWaiting < waiting.count else { return nil }
    let entry = waiting[firstWaiting]
    guard hasRoom(rows: entry.rows) else { return nil }
    firstWaiting += 1
    if firstWaiting == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      firstWaiting = 0
    }
    return (number(entry), entry.call)
  }

  /// The call was sent and has no answer.
  func isOpen(_ number: UInt32) -> Bool { open[number] != nil }

  /// The call was answered. nil where there is none of this number.
  mutating func settle(_ number: UInt32) -> Call? {
    guard let entry = open.removeValue(forKey: number) else { return nil }
    rowsInFlight -= entry.rows
    return entry.call
  }

  /// The server leaves.
  /// - Returns: the calls that it did not start, oldest first.
  mutating func leave(lastCall: UInt32, _ status: WireStatus) -> [Call] {
    switch phase {
    case .closed: return []
    case .greeting, .open, .leaving: phase = .leaving(status)
    }
    let dropped = open.keys.filter { $0 > lastCall }.sorted().compactMap { settle($0) }
    return dropped + takeWaiting()
  }

  /// The server leaves, and nothing is open any more.
  var isDrained: Bool {
    if case .leaving = phase { open.isEmpty } else { false }
  }

  /// The connection is gone.
  /// - Returns: the status that its end has, which is the server's where it said one; and every unfinished call.
  mutating func close(_ status: WireStatus) -> (status: WireStatus, calls: [Call]) {
    switch phase {
    case .closed(let first): return (first, [])
    case .leaving(let said): phase = .closed(said)
    case .greeting, .open: phase = .closed(status)
    }
    let calls = open.keys.sorted().compactMap { settle($0) } + takeWaiting()
    guard case .closed(let status) = phase else { preconditionFailure("closed above") }
    return (status, calls)
  }

  private func hasRoom(rows: Int) -> Bool {
    guard case .open = phase, open.count < limits.callsInFlightMax else { return false }
    return rowsInFlight == 0 || rowsInFlight + rows <= limits.rowsInFlightMax
  }

  private mutating func number(_ entry: Entry) -> UInt32 {
    defer { nextCall += 1 }
    open[nextCall] = entry
    rowsInFlight += entry.rows
    return nextCall
  }

  private mutating func takeWaiting() -> [Call] {
    defer {
      waiting = []
      firstWaiting = 0
    }
    return waiting[firstWaiting...].map(\.call)
  }
}
