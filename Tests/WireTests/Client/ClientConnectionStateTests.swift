import Testing

@testable import Wire

@Suite("What a client knows of its connection")
struct ClientConnectionStateTests {
  static let gone = WireStatus(.unavailable, "gone")

  private func opened(calls: Int = 8, rows: Int = 100, nextCall: UInt32 = 1) -> ClientConnectionState<String> {
    var state = ClientConnectionState<String>(nextCall: nextCall)
    state.greeted(
      WireLimits(frameBytesMax: 1 << 20, rowsPerCallMax: rows, callsInFlightMax: calls, rowsInFlightMax: rows))
    return state
  }

  @Test("Calls are numbered from 1, and settled once")
  func numbers() {
    var state = opened()
    #expect(state.add("a", rows: 1) == 1)
    #expect(state.add("b", rows: 0) == 2)
    #expect(state.settle(2) == "b")
    #expect(state.settle(2) == nil)
    #expect(state.isOpen(1) && !state.isOpen(2))
    #expect(state.settle(1) == "a")
  }

  @Test("No call goes before the server's limits are known")
  func greeting() {
    var state = ClientConnectionState<String>()
    #expect(state.refusal(ofCalls: 1) == nil)
    #expect(state.add("early", rows: 1) == nil)
    #expect(state.nextToSend() == nil)
    state.greeted(.defaults)
    let next = state.nextToSend()
    #expect(next?.number == 1 && next?.call == "early")
  }

  @Test("Beyond the limit of calls they wait, in order")
  func callLimit() {
    var state = opened(calls: 2)
    #expect(state.add("a", rows: 1) == 1)
    #expect(state.add("b", rows: 1) == 2)
    #expect(state.add("c", rows: 1) == nil)
    #expect(state.add("d", rows: 1) == nil)
    #expect(state.nextToSend() == nil)
    _ = state.settle(1)
    #expect(state.nextToSend()?.call == "c")
    #expect(state.nextToSend() == nil)
    _ = state.settle(2)
    // A new call does not overtake one that waits.
    #expect(state.add("e", rows: 1) == nil)
    #expect(state.nextToSend()?.call == "d")
  }

  @Test("Beyond the limit of rows they wait, and one call always goes")
  func rowLimit() {
    var state = opened(rows: 10)
    #expect(state.add("a", rows: 6) == 1)
    #expect(state.add("b", rows: 4) == 2)
    #expect(state.add("c", rows: 11) == nil)
    _ = state.settle(1)
    #expect(state.nextToSend() == nil)
    _ = state.settle(2)
    #expect(state.nextToSend()?.call == "c")
  }

  @Test("A server that leaves finishes what it started")
  func leaving() {
    var state = opened(calls: 3)
    for call in ["a", "b", "c", "d"] { _ = state.add(call, rows: 1) }
    #expect(state.leave(lastCall: 1, Self.gone) == ["b", "c", "d"])
    #expect(state.refusal(ofCalls: 1) == Self.gone)
    #expect(!state.isDrained)
    #expect(state.settle(1) == "a")
    #expect(state.isDrained)
  }

  @Test("What a leaving server said is what its end says")
  func closingAfterLeaving() {
    var state = opened()
    _ = state.add("a", rows: 1)
    #expect(state.leave(lastCall: 1, WireStatus(.internalError, "bad frame")) == [])
    let (status, calls) = state.close(Self.gone)
    #expect(status == WireStatus(.internalError, "bad frame"))
    #expect(calls.started == ["a"] && calls.unstarted.isEmpty)
  }

  @Test("A lost connection fails every call once, and refuses later ones with the first status")
  func closing() {
    var state = opened(calls: 1)
    _ = state.add("a", rows: 1)
    _ = state.add("b", rows: 1)
    let dropped = state.close(Self.gone).calls
    #expect(dropped.started == ["a"] && dropped.unstarted == ["b"])
    let again = state.close(WireStatus(.cancelled, "closed"))
    #expect(again.status == Self.gone && again.calls.started.isEmpty && again.calls.unstarted.isEmpty)
    #expect(state.refusal(ofCalls: 1) == Self.gone)
    #expect(state.leave(lastCall: 0, WireStatus(.internalError, "late")) == [])
    #expect(state.refusal(ofCalls: 1) == Self.gone)
  }

  @Test("The last call number is used, and none after it")
  func lastNumber() {
    var state = opened(nextCall: WireLimits.callNumberMax - 1)
    #expect(state.refusal(ofCalls: 2) == nil)
    #expect(state.refusal(ofCalls: 3)?.code == .unavailable)
    #expect(state.add("a", rows: 1) == WireLimits.callNumberMax - 1)
    #expect(state.add("b", rows: 1) == WireLimits.callNumberMax)
    #expect(state.refusal(ofCalls: 1)?.code == .unavailable)
  }

  @Test("Calls that are given up make room, sent or not")
  func withdrawal() {
    var state = opened(calls: 2, rows: 10)
    for call in ["a", "b", "c", "a", "d"] { _ = state.add(call, rows: 5) }
    let withdrawn = state.withdraw { $0 == "a" }
    #expect(withdrawn.sent == [1] && withdrawn.count == 2)
    #expect(state.settle(1) == nil)
    #expect(state.callCount == 3)
    let next = state.nextToSend()
    #expect(next?.number == 3 && next?.call == "c")
    _ = state.settle(2)
    #expect(state.nextToSend()?.call == "d")
    let none = state.withdraw { $0 == "x" }
    #expect(none.count == 0)
  }

  @Test("A connection that is retired finishes what waits, and takes no more")
  func retiring() {
    var state = opened(calls: 1)
    _ = state.add("a", rows: 1)
    _ = state.add("b", rows: 1)
    state.retire(Self.gone)
    #expect(!state.isTaking && state.refusal(ofCalls: 1) == Self.gone)
    _ = state.settle(1)
    #expect(!state.isDrained)
    #expect(state.nextToSend()?.call == "b")
    _ = state.settle(2)
    #expect(state.isDrained)
  }
}
