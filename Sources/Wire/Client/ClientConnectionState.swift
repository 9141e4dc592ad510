/// What a client knows of its connection: which calls are open, which wait for room, and whether new ones are taken.
///
/// A value without I/O: its transitions say what to send and which calls are over.
struct ClientConnectionState<Call> {
  /// Calls that are over without an answer, oldest first.
  struct Dropped {
    /// The server may have begun them.
    var started: [Call] = []
    /// They never left, or the server says that it did not begin them.
    var unstarted: [Call] = []
  }

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
    return count <= numbersLeft
      ? nil : WireStatus(.unavailable, "the connection has no call numbers left: another one is needed")
  }

  private var numbersLeft: Int {
    Int(WireLimits.callNumberMax) + 1 - Int(nextCall) - (waiting.count - firstWaiting)
  }

  /// Calls that have no answer yet.
  var callCount: Int { open.count + waiting.count - firstWaiting }

  /// New calls are taken, or will be once the server has greeted.
  var isTaking: Bool {
    switch phase {
    case .greeting, .open: true
    case .leaving, .closed: false
    }
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

  /// The call, where it has no answer yet.
  func call(_ number: UInt32) -> Call? { open[number]?.call }

  /// Gives up calls, sent or waiting.
  /// - Returns: the numbers of those that were sent, and how many there were in all.
  mutating func withdraw(where isMeant: (Call) -> Bool) -> (sent: [UInt32], count: Int) {
    let sent = open.filter { isMeant($0.value.call) }.keys.sorted()
    for number in sent { _ = settle(number) }
    let left = waiting[firstWaiting...].filter { !isMeant($0.call) }
    let count = sent.count + waiting.count - firstWaiting - left.count
    waiting = Array(left)
    firstWaiting = 0
    return (sent, count)
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

  /// The client takes another connection; what was taken finishes here.
  mutating func retire(_ status: WireStatus) {
    guard isTaking else { return }
    phase = .leaving(status)
  }

  /// No call is taken any more, and none is open.
  var isDrained: Bool {
    if case .leaving = phase { callCount == 0 } else { false }
  }

  /// The connection is gone.
  /// - Returns: the status that its end has, which is the server's where it said one; and every unfinished call.
  mutating func close(_ status: WireStatus) -> (status: WireStatus, calls: Dropped) {
    switch phase {
    case .closed(let first): return (first, Dropped())
    case .leaving(let said): phase = .closed(said)
    case .greeting, .open: phase = .closed(status)
    }
    let calls = Dropped(started: open.keys.sorted().compactMap { settle($0) }, unstarted: takeWaiting())
    guard case .closed(let status) = phase else { preconditionFailure("closed above") }
    return (status, calls)
  }

  private func hasRoom(rows: Int) -> Bool {
    switch phase {
    case .greeting, .closed: return false
    case .open, .leaving: break
    }
    guard open.count < limits.callsInFlightMax else { return false }
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
