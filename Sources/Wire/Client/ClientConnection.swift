import NIOCore
import Synchronization

/// One connection as both sides of it see it: threads that ask, and the event loop that answers.
///
/// A thread packs its frames into an outbox under a lock; the first of them posts one flush to the event loop, and what
/// is packed before that flush runs goes out with it.
final class ClientConnection: Sendable {
  enum Call {
    case query(PolicyQuery, firstRow: Int, rows: Int)
    case call(ClientCall)
  }

  struct Shared: ~Copyable {
    var state: ClientConnectionState<Call>
    var codec = FrameCodec()
    var outbox = ByteBuffer()
    /// The outbox before this one, whose memory is the next one's.
    var spare = ByteBuffer()
    var isFlushPosted = false
    var limits = WireLimits.defaults
    var server = ""
    var pings: [UInt64: EventLoopPromise<Void>] = [:]
    var lastPing: UInt64 = 0
  }

  let address: TeacherAddress
  let channel: any Channel
  private let greeting: EventLoopPromise<Void>
  /// Told when no more calls are taken, before those that are over because of it are.
  private let onLeave: @Sendable (ClientConnection) -> Void
  let shared: Mutex<Shared>

  /// - Parameter nextCall: the number of the first call.
  init(
    address: TeacherAddress, channel: any Channel, nextCall: UInt32 = 1,
    onLeave: @escaping @Sendable (ClientConnection) -> Void
  ) {
    self.address = address
    self.channel = channel
    self.onLeave = onLeave
    shared = Mutex(Shared(state: ClientConnectionState(nextCall: nextCall)))
    greeting = channel.eventLoop.makePromise()
  }

  /// Succeeds with the server's Welcome.
  var greeted: EventLoopFuture<Void> { greeting.futureResult }
  var limits: WireLimits { shared.withLock { $0.limits } }
  var server: String { shared.withLock { $0.server } }
  /// Calls without an answer.
  var callCount: Int { shared.withLock { $0.state.callCount } }
  var isTaking: Bool { shared.withLock { $0.state.isTaking } }

  // MARK: Threads that ask

  /// Sends a query, in as many calls as the server's limits ask for.
  /// - Returns: why it was not sent; nil where it was.
  func submit(_ query: PolicyQuery) -> AttemptFailure? {
    let refused: WireStatus? = shared.withLock { shared in
      let most = shared.limits.rowsPerCall(
        observationWidth: query.observationWidth, parameterWidth: query.parameterWidth)
      let parts = (query.rows + most - 1) / most
      // All parts under one lock: a connection that is lost either refuses all of them or has taken all of them.
      if let refusal = shared.state.refusal(ofCalls: parts) { return refusal }
      query.begin(parts: parts)
      for firstRow in stride(from: 0, to: query.rows, by: most) {
        let rows = min(most, query.rows - firstRow)
        let call = Call.query(query, firstRow: firstRow, rows: rows)
        if let number = shared.state.add(call, rows: rows) { pack(number, call, &shared) }
      }
      postFlush(&shared)
      return nil
    }
    guard let refused else { return nil }
    retire(refused)
    return AttemptFailure(refused, isUnstarted: true)
  }

  /// Opens a call, which ends by itself at its deadline.
  func open(_ call: ClientCall) {
    let refused: WireStatus? = shared.withLock { shared in
      // Given up before it began.
      if call.isOver { return nil }
      if let refusal = shared.state.refusal(ofCalls: 1) {
        call.isOver = true
        return refusal
      }
      if let number = shared.state.add(.call(call), rows: call.rows) { pack(number, .call(call), &shared) }
      postFlush(&shared)
      return nil
    }
    if let refused {
      retire(refused)
      call.receiver.fail(AttemptFailure(refused, isUnstarted: true))
    } else if let deadline = call.deadline {
      let timer = channel.eventLoop.scheduleTask(deadline: deadline.at) { self.end(call, deadline.passed) }
      let isOver = shared.withLock { _ in
        if !call.isOver { call.timer = timer }
        return call.isOver
      }
      if isOver { timer.cancel() }
    }
  }

  /// The call has no answer yet.
  func isOpen(_ number: UInt32) -> Bool { shared.withLock { $0.state.isOpen(number) } }

  /// Writes a frame beside the calls, after everything that was sent before.
  func write(_ frame: V1.Frame) -> EventLoopFuture<Void> {
    var buffer = ByteBuffer()
    shared.withLock { $0.codec.write(frame, into: &buffer) }
    return channel.writeAndFlush(buffer)
  }

  /// Succeeds when the server has answered.
  func ping() -> (number: UInt64, answer: EventLoopFuture<Void>) {
    let promise = channel.eventLoop.makePromise(of: Void.self)
    let (number, refused): (UInt64, WireStatus?) = shared.withLock { shared in
      if let refusal = shared.state.refusal(ofCalls: 0) { return (0, refusal) }
      shared.lastPing += 1
      shared.pings[shared.lastPing] = promise
      shared.codec.write(V1.Frame(.ping(shared.lastPing)), into: &shared.outbox)
      postFlush(&shared)
      return (shared.lastPing, nil)
    }
    if let refused { promise.fail(AttemptFailure(refused, isUnstarted: true)) }
    return (number, promise.futureResult)
  }

  private func pack(_ number: UInt32, _ call: Call, _ shared: inout Shared) {
    switch call {
    case .query(let query, let firstRow, let rows):
      var request = query.request
      request.rows = rows
      if let pinned = query.pinnedVersion {
        request.alias = ""
        request.version = pinned
      }
      if let deadline = query.deadline {
        request.deadlineMicroseconds = deadline.microsecondsLeft(channel.eventLoop.now)
      }
      let observations = query.observations(from: firstRow, rows: rows)
      shared.codec.writeInfer(call: number, request, observations: observations, into: &shared.outbox)
    case .call(let call):
      call.number = number
      var body = call.body
      if case .infer(var request) = body, let deadline = call.deadline {
        request.deadlineMicroseconds = deadline.microsecondsLeft(channel.eventLoop.now)
        body = .infer(request)
      }
      shared.codec.write(V1.Frame(call: number, body), into: &shared.outbox)
    }
  }

  func postFlush(_ shared: inout Shared) {
    guard !shared.isFlushPosted, shared.outbox.readableBytes > 0 else { return }
    shared.isFlushPosted = true
    channel.eventLoop.execute { self.flush() }
  }

  // MARK: The event loop

  private func flush() {
    var outbox = shared.withLock { shared in
      shared.isFlushPosted = false
      let outbox = shared.outbox
      shared.outbox = shared.spare
      shared.spare = ByteBuffer()
      return outbox
    }
    channel.writeAndFlush(outbox, promise: nil)
    // Memory that the channel has written and let go of is used again; what it still holds it keeps.
    outbox.clear()
    guard outbox.capacity <= Self.spareBytesMax else { return }
    shared.withLock { $0.spare = outbox }
  }

  private static let spareBytesMax = 1 << 20

  func welcomed(_ welcome: V1.Welcome) {
    guard welcome.protocolNumber == WireLimits.protocolNumber else {
      let ours = WireLimits.protocolNumber
      return close(
        WireStatus(
          .failedPrecondition, "\(address) speaks protocol \(welcome.protocolNumber), expected \(ours)"))
    }
    let limits = WireLimits(said: welcome)
    shared.withLock { shared in
      shared.limits = limits
      shared.server = welcome.server
      shared.state.greeted(limits)
    }
    sendWaiting()
    greeting.succeed()
  }

  /// Answers a query, or the reply to one that ``open(_:)`` sent.
  func answer(_ reply: InferReplyView) {
    switch settle(reply.call) {
    case .query(let query, let firstRow, let rows): query.finish(from: firstRow, rows: rows, reply)
    case .call(let call): _ = call.receiver.receive(.inferReply(V1.InferReply(reply)))
    case nil: break
    }
  }

  func answer(_ number: UInt32, _ body: V1.Body) {
    if case .status(let status) = body {
      let status =
        status.code == .ok
        ? WireStatus(.internalError, "the server ended the call with OK and no reply") : status
      return settle(number).map { Self.fail($0, AttemptFailure(status)) } ?? ()
    }
    switch shared.withLock({ $0.state.call(number) }) {
    case .query(let query, _, _):
      _ = settle(number)
      query.fail(AttemptFailure(WireStatus(.internalError, "the server answered no InferReply")))
    case .call(let call) where call.receiver.isStream:
      if call.receiver.receive(body) { _ = settle(number) }
    case .call(let call):
      if settle(number) != nil { _ = call.receiver.receive(body) }
    case nil: break
    }
  }

  func ponged(_ payload: UInt64) {
    shared.withLock { $0.pings.removeValue(forKey: payload) }?.succeed()
  }

  /// What came is answered: calls that waited for room may go.
  func sendWaiting() {
    let isDrained = shared.withLock { shared in
      while let (number, call) = shared.state.nextToSend() { pack(number, call, &shared) }
      postFlush(&shared)
      return shared.state.isDrained
    }
    if isDrained { channel.close(promise: nil) }
  }

  /// The call is over; nil where there is none of this number.
  private func settle(_ number: UInt32) -> Call? {
    let (call, timer): (Call?, Scheduled<Void>?) = shared.withLock { shared in
      let call = shared.state.settle(number)
      guard case .call(let one) = call else { return (call, nil) }
      one.isOver = true
      return (call, one.timer)
    }
    timer?.cancel()
    return call
  }

  static func fail(_ call: Call, _ failure: AttemptFailure) {
    switch call {
    case .query(let query, _, _): query.fail(failure)
    case .call(let call):
      call.timer?.cancel()
      call.receiver.fail(failure)
    }
  }

  /// Says that no more calls are taken.
  func leave() { onLeave(self) }

  func left(_ goAway: V1.GoAway) {
    var status = goAway.status
    if status.code == .ok { status.code = .unavailable }
    let dropped = shared.withLock { shared in
      let dropped = shared.state.leave(lastCall: goAway.lastCall, status)
      Self.markOver(dropped)
      return dropped
    }
    leave()
    for call in dropped { Self.fail(call, AttemptFailure(status, isUnstarted: true)) }
    greeting.fail(status)
  }

  /// Every call under way fails; later ones are refused with the same status.
  func close(_ status: WireStatus) {
    let (status, calls, pings) = shared.withLock { shared in
      let (status, calls) = shared.state.close(status)
      defer { shared.pings = [:] }
      Self.markOver(calls.started + calls.unstarted)
      return (status, calls, shared.pings)
    }
    leave()
    for call in calls.started { Self.fail(call, AttemptFailure(status)) }
    for call in calls.unstarted { Self.fail(call, AttemptFailure(status, isUnstarted: true)) }
    for ping in pings.values { ping.fail(AttemptFailure(status)) }
    greeting.fail(status)
    channel.close(promise: nil)
  }

  /// Under the lock.
  private static func markOver(_ calls: [Call]) {
    for case .call(let call) in calls { call.isOver = true }
  }
}
