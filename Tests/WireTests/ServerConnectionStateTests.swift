import Testing
import Wire

@Suite struct ServerConnectionStateTests {
  private static let limits = WireLimits(
    frameBytesMax: 1000, rowsPerCallMax: 8, callsInFlightMax: 3, rowsInFlightMax: 10)

  private func greeted() -> ServerConnectionState {
    var state = ServerConnectionState(limits: Self.limits, artefactBytesMax: 100)
    _ = state.receive(V1.Hello(protocolNumber: 1), call: 0)
    state.grant(.all)
    return state
  }

  private func code(_ admission: ServerConnectionState.Admission) -> WireStatus.Code? {
    switch admission {
    case .start, .ignore: nil
    case .refuse(_, let status), .fail(let status): status.code
    }
  }

  @Test("Hello comes first, once, under call 0, with this protocol's number")
  func greeting() {
    func greet(_ number: Int, call: UInt32 = 0) -> ServerConnectionState.Greeting {
      var state = ServerConnectionState(limits: Self.limits, artefactBytesMax: 100)
      return state.receive(V1.Hello(protocolNumber: number), call: call)
    }
    #expect(greet(1) == .welcome)
    #expect(greet(2) == .fail(WireStatus(.failedPrecondition, "protocol 2, expected 1")))
    #expect(greet(1, call: 5) != .welcome)
    var state = greeted()
    #expect(state.receive(V1.Hello(protocolNumber: 1), call: 0) != .welcome)
    var early = ServerConnectionState(limits: Self.limits, artefactBytesMax: 100)
    #expect(
      early.openQuery(call: 1, rows: 1)
        == .fail(WireStatus(.failedPrecondition, "a call before Hello, expected Hello first")))
  }

  @Test("Call numbers increase, or the connection ends")
  func callNumbers() {
    for (numbers, last) in [([1, 2, 7], nil), ([1, 1], 1), ([3, 2], 3), ([0], 0)] as [([UInt32], UInt32?)] {
      var state = greeted()
      let admissions = numbers.map { number in
        let admission = state.openQuery(call: number, rows: 1)
        if admission == .start { state.finish(rows: 1) }
        return admission
      }
      if let last {
        let status = WireStatus(.internalError, "call number \(numbers.last!), expected one above \(last)")
        #expect(admissions.last == .fail(status))
      } else {
        #expect(admissions.allSatisfy { $0 == .start })
      }
    }
    var state = greeted()
    #expect(code(state.open(call: 1 << 31)) == .internalError)
  }

  @Test("Limits refuse a call and keep the connection")
  func limits() {
    var rows = greeted()
    #expect(code(rows.openQuery(call: 1, rows: 0)) == .invalidArgument)
    #expect(code(rows.openQuery(call: 2, rows: 9)) == .invalidArgument)
    #expect(rows.openQuery(call: 3, rows: 8) == .start)
    #expect(code(rows.openQuery(call: 4, rows: 3)) == .resourceExhausted)
    #expect(rows.openQuery(call: 5, rows: 2) == .start)
    #expect(rows.rowsInFlight == 10)
    rows.finish(rows: 8)
    #expect(rows.openQuery(call: 6, rows: 8) == .start)
    #expect(rows.phase == .open)

    var calls = greeted()
    for call in 1...3 as ClosedRange<UInt32> { #expect(calls.open(call: call) == .start) }
    #expect(code(calls.open(call: 4)) == .resourceExhausted)
    #expect(code(calls.openQuery(call: 5, rows: 1)) == .resourceExhausted)
    calls.finish(rows: 0)
    #expect(calls.open(call: 6) == .start)
  }

  @Test("A draining connection finishes what is open and ignores what is new")
  func draining() {
    var state = greeted()
    #expect(state.openQuery(call: 1, rows: 2) == .start)
    state.drain()
    #expect(state.isReading && !state.isFinished)
    #expect(state.openQuery(call: 2, rows: 1) == .ignore)
    #expect(state.open(call: 3) == .ignore)
    #expect(state.lastCall == 1)
    state.finish(rows: 2)
    #expect(state.isFinished)
  }

  @Test("A failed connection reads nothing more, and answers what is open")
  func failing() {
    var state = greeted()
    #expect(state.openQuery(call: 1, rows: 2) == .start)
    #expect(state.open(call: 2) == .start)
    _ = state.begin(V1.PublishHeader(model: "m", artefactBytes: 10), call: 2)
    state.fail()
    #expect(!state.isReading && !state.isFinished && state.publish == nil)
    state.finish(rows: 2)
    #expect(state.isFinished)
  }

  @Test("A publish is its chunks, contiguous and no larger than announced")
  func publishing() {
    func outcome(_ bytes: UInt64, _ chunks: [(UInt64, Int)]) -> String {
      var state = greeted()
      _ = state.open(call: 1)
      var step = state.begin(V1.PublishHeader(model: "m", artefactBytes: bytes), call: 1)
      for (offset, count) in chunks {
        guard case .more = step else { break }
        step = state.receive(V1.Chunk(offset: offset, data: [UInt8](repeating: 1, count: count)), call: 1)
      }
      return switch step {
      case .more: "more"
      case .whole(let publish): "whole \(publish.assembly.bytes.count)"
      case .refuse(let status): "\(status)"
      case .fail(let status): "failed \(status)"
      }
    }
    #expect(outcome(10, []) == "more")
    #expect(outcome(10, [(0, 4)]) == "more")
    #expect(outcome(10, [(0, 4), (4, 6)]) == "whole 10")
    #expect(outcome(10, [(0, 4), (5, 5)]) == "INVALID_ARGUMENT: a chunk at offset 5, expected 4")
    #expect(outcome(10, [(0, 11)]) == "INVALID_ARGUMENT: chunks of 11 bytes, expected 10 as the header announced")
    #expect(outcome(10, [(0, 0)]) == "INVALID_ARGUMENT: a chunk of 0 bytes, expected 1 to 65536")
    #expect(outcome(0, []) == "INVALID_ARGUMENT: an artefact of 0 bytes, expected at least 1")
    #expect(outcome(101, []) == "RESOURCE_EXHAUSTED: an artefact of 101 bytes, expected at most 100")
  }

  @Test("Chunks of a publish that is over are ignored, those of none end the connection")
  func strayChunks() {
    var state = greeted()
    let chunk = V1.Chunk(offset: 0, data: [1])
    if case .fail(let status) = state.receive(chunk, call: 1) {
      #expect(status.code == .internalError)
    } else {
      Issue.record("a chunk of no publish was taken")
    }
    _ = state.open(call: 1)
    _ = state.begin(V1.PublishHeader(model: "m", artefactBytes: 10), call: 1)
    let isCancelled = state.cancelPublish(call: 1)
    #expect(isCancelled)
    guard case .more = state.receive(chunk, call: 1) else {
      Issue.record("a late chunk was not ignored")
      return
    }
    let isCancelledAgain = state.cancelPublish(call: 1)
    #expect(!isCancelledAgain)
  }

  @Test("One publish at a time")
  func onePublish() {
    var state = greeted()
    _ = state.open(call: 1)
    _ = state.begin(V1.PublishHeader(model: "m", artefactBytes: 10), call: 1)
    _ = state.open(call: 2)
    guard case .refuse(let status) = state.begin(V1.PublishHeader(model: "m", artefactBytes: 10), call: 2) else {
      Issue.record("a second publish was begun")
      return
    }
    #expect(status.code == .resourceExhausted)
    #expect(state.publish?.call == 1)
  }
}
