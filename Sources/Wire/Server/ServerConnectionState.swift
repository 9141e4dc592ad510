/// What a server knows of one connection, and what each event does to it. It does no I/O: a transition returns what to do.
package struct ServerConnectionState {
  package enum Phase: Hashable {
    /// Nothing but `Hello` is read.
    case greeting
    case open
    /// GoAway was sent or received: what is open finishes, nothing new begins.
    case draining
    /// A bad frame was read, or the client's end: what is open finishes, nothing more is read.
    case failed
    case closed
  }

  /// What to do with a frame that opens a call.
  package enum Admission: Hashable {
    case start
    /// The call ends with this status; the connection lives.
    case refuse(CallRefusal, WireStatus)
    /// It was told that such calls are not started.
    case ignore
    /// The connection ends with this status.
    case fail(WireStatus)
  }

  package enum Greeting: Hashable {
    case welcome
    case fail(WireStatus)
  }

  package private(set) var phase = Phase.greeting {
    didSet { takesQueries = phase == .open && scopes.contains(.query) }
  }
  private var scopes: Scopes = []
  /// Kept beside what it follows from: one look for every query.
  private var takesQueries = false
  /// The highest call number that was opened.
  package private(set) var lastCall: UInt32 = 0
  package private(set) var callsInFlight = 0
  package private(set) var rowsInFlight = 0
  /// The one publish whose chunks are being read.
  package private(set) var publish: Publish?

  package struct Publish {
    package let call: UInt32
    package let header: V1.PublishHeader
    package var assembly: ArtefactAssembly
  }

  private let limits: WireLimits
  private let artefactBytesMax: Int

  package init(limits: WireLimits, artefactBytesMax: Int) {
    self.limits = limits
    self.artefactBytesMax = artefactBytesMax
  }

  /// Frames are still read.
  package var isReading: Bool { phase == .greeting || phase == .open || phase == .draining }
  /// There is nothing left to answer on a connection that takes nothing new.
  package var isFinished: Bool { (phase == .draining || phase == .failed) && callsInFlight == 0 }

  // MARK: The connection

  package mutating func receive(_ hello: V1.Hello, call: UInt32) -> Greeting {
    guard phase == .greeting else { return .fail(WireStatus(.internalError, "a second Hello, expected none")) }
    guard call == 0 else {
      return .fail(WireStatus(.internalError, "Hello under call \(call), expected 0: the connection itself"))
    }
    guard hello.protocolNumber == WireLimits.protocolNumber else {
      return .fail(
        WireStatus(
          .failedPrecondition, "protocol \(hello.protocolNumber), expected \(WireLimits.protocolNumber)"))
    }
    phase = .open
    return .welcome
  }

  /// What the client may do from now on; nothing before.
  package mutating func grant(_ scopes: Scopes) {
    self.scopes = scopes
    takesQueries = phase == .open && scopes.contains(.query)
  }

  /// A GoAway is on its way in either direction.
  package mutating func drain() {
    if phase == .open { phase = .draining }
  }

  /// A bad frame was read, or the client's end. A publish whose chunks were awaited is over: they will not be read.
  package mutating func fail() {
    guard phase != .closed else { return }
    phase = .failed
    dropPublish()
  }

  package mutating func close() {
    phase = .closed
    dropPublish()
  }

  private mutating func dropPublish() {
    guard publish != nil else { return }
    publish = nil
    callsInFlight -= 1
  }

  // MARK: Calls

  /// A frame opens a call of no rows, for which the client needs to be allowed `scope`.
  package mutating func open(call: UInt32, scope: Scopes = []) -> Admission {
    let admission = admit(call, scope: scope)
    if admission == .start { callsInFlight += 1 }
    return admission
  }

  /// A query opens a call.
  @inline(__always)
  package mutating func openQuery(call: UInt32, rows: Int) -> Admission {
    guard takesQueries, call > lastCall, call <= WireLimits.callNumberMax,
      callsInFlight < limits.callsInFlightMax, rows > 0, rows <= limits.rowsPerCallMax,
      rowsInFlight + rows <= limits.rowsInFlightMax
    else { return refuseQuery(call: call, rows: rows) }
    lastCall = call
    callsInFlight &+= 1
    rowsInFlight &+= rows
    return .start
  }

  @inline(never)
  private mutating func refuseQuery(call: UInt32, rows: Int) -> Admission {
    let admission = admit(call, scope: .query)
    guard admission == .start else { return admission }
    guard rows > 0, rows <= limits.rowsPerCallMax else {
      return .refuse(
        .invalid,
        WireStatus(.invalidArgument, "a query of \(rows) rows, expected 1 to \(limits.rowsPerCallMax)"))
    }
    return .refuse(
      .rowsInFlight,
      WireStatus(
        .resourceExhausted,
        "\(rowsInFlight) rows in flight and \(rows) more, expected at most \(limits.rowsInFlightMax) a connection"))
  }

  private mutating func admit(_ call: UInt32, scope: Scopes) -> Admission {
    switch phase {
    case .greeting: return .fail(WireStatus(.failedPrecondition, "a call before Hello, expected Hello first"))
    case .open: break
    case .draining, .failed, .closed: return .ignore
    }
    guard call > lastCall else {
      return .fail(WireStatus(.internalError, "call number \(call), expected one above \(lastCall)"))
    }
    guard call <= WireLimits.callNumberMax else {
      return .fail(WireStatus(.internalError, "call number \(call), expected at most \(WireLimits.callNumberMax)"))
    }
    lastCall = call
    guard scopes.isSuperset(of: scope) else {
      return .refuse(
        .permission,
        WireStatus(.permissionDenied, "a call of the scope \(scope), expected one of those granted: \(scopes)"))
    }
    guard callsInFlight < limits.callsInFlightMax else {
      return .refuse(
        .callsInFlight,
        WireStatus(
          .resourceExhausted, "\(callsInFlight) calls in flight, expected fewer than \(limits.callsInFlightMax)"))
    }
    return .start
  }

  /// A call that was started is answered.
  @inline(__always)
  package mutating func finish(rows: Int) {
    callsInFlight &-= 1
    rowsInFlight &-= rows
  }

  // MARK: Publishing

  /// What to do after a frame of a publish.
  package enum PublishStep {
    /// Read on.
    case more
    /// All of it is here. The call is open until it is answered.
    case whole(Publish)
    /// The call ends with this status; chunks that still come are ignored.
    case refuse(WireStatus)
    case fail(WireStatus)
  }

  /// A header, whose call was opened by ``open(call:)``.
  package mutating func begin(_ header: V1.PublishHeader, call: UInt32) -> PublishStep {
    guard publish == nil else {
      return .refuse(
        WireStatus(.resourceExhausted, "a second publish before the first one's chunks, expected one at a time"))
    }
    do {
      let assembly = try ArtefactAssembly(
        announcedBytes: header.artefactBytes, artefactBytesMax: artefactBytesMax)
      publish = Publish(call: call, header: header, assembly: assembly)
      return .more
    } catch {
      return .refuse(error)
    }
  }

  package mutating func receive(_ chunk: V1.Chunk, call: UInt32) -> PublishStep {
    guard phase != .greeting else {
      return .fail(WireStatus(.failedPrecondition, "a chunk before Hello, expected Hello first"))
    }
    guard var publish, publish.call == call else {
      // A publish that was refused, or was not started because of a GoAway, while its chunks were under way.
      if call > 0, call <= lastCall || phase == .draining { return .more }
      return .fail(WireStatus(.internalError, "a chunk of call \(call), which is no open publish"))
    }
    self.publish = nil  // so that the bytes are appended in place
    do {
      try publish.assembly.append(chunk)
    } catch {
      return .refuse(error)
    }
    if publish.assembly.isWhole { return .whole(publish) }
    self.publish = publish
    return .more
  }

  /// - Returns: whether the call was a publish whose chunks were awaited; it then ends CANCELLED.
  package mutating func cancelPublish(call: UInt32) -> Bool {
    guard publish?.call == call else { return false }
    publish = nil
    return true
  }
}
