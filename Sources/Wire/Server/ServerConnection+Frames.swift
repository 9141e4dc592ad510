import NIOCore

// Frames other than queries.
extension ServerConnection {
  func handle(_ frame: V1.Frame) {
    switch frame.body {
    case .hello(let hello): greet(hello, call: frame.call)
    case .ping(let payload): whenGreeted("Ping") { write(V1.Frame(.pong(payload))) }
    case .pong: whenGreeted("Pong") {}
    case .goAway: whenGreeted("GoAway") { leave() }
    case .cancel: whenGreeted("Cancel") { cancel(frame.call) }
    case .chunk(let chunk): receive(chunk, call: frame.call)
    case .publish(let header):
      guard open(frame.call, scope: .publish) else { return }
      publishHeardAt = loop.step
      advance(state.begin(header, call: frame.call), call: frame.call)
    case .unrecognized where frame.call <= state.lastCall: whenGreeted("an unknown message") {}
    default:
      guard let request = ServerRequest(frame.body) else {
        return fail(
          WireStatus(.internalError, "a message that only servers send, expected a client's"), of: "message", .frame)
      }
      guard open(frame.call, scope: request.scope) else { return }
      loop.service.handle(request, call: frame.call, on: self)
    }
    if state.isFinished { markUnflushed() }
  }

  private func greet(_ hello: V1.Hello, call: UInt32) {
    if case .fail(let status) = state.receive(hello, call: call) { return fail(status, of: "Hello", .greeting) }
    do throws(WireStatus) {
      access = try loop.share.gate.access(token: hello.token)
    } catch {
      return fail(error, of: "Hello", .greeting)
    }
    state.grant(access.scopes)
    greetingTimer?.cancel()
    greetingTimer = nil
    frameBytesMax = loop.settings.limits.frameBytesMax
    client = LoggedName.text(hello.client)
    write(V1.Frame(.welcome(loop.settings.limits.welcome(server: loop.settings.name))))
  }

  private func whenGreeted(_ what: String, _ body: () -> Void) {
    if state.phase == .greeting {
      fail(WireStatus(.failedPrecondition, "\(what) before Hello, expected Hello first"), of: what, .greeting)
    } else {
      body()
    }
  }

  private func leave() {
    end = .drained
    state.drain()
  }

  // MARK: Calls

  private func open(_ call: UInt32, scope: Scopes) -> Bool {
    let admission = state.open(call: call, scope: scope)
    if case .start = admission { return true }
    turnAway(call, admission)
    return false
  }

  func turnAway(_ call: UInt32, _ admission: ServerConnectionState.Admission) {
    switch admission {
    case .start, .ignore: break
    case .refuse(let reason, var status):
      if status.code == .resourceExhausted { status.retryAfterMicroseconds = max(1, loop.service.backlogMicroseconds) }
      refusals += 1
      loop.counters.callsRefused[reason, default: 0] += 1
      write(V1.Frame(call: call, .status(status)))
    case .fail(let status): fail(status, of: "call", state.phase == .greeting ? .greeting : .frame)
    }
  }

  /// A frame was read whose message cannot be used.
  func handleUnusable(_ call: UInt32, _ status: WireStatus) {
    guard call > 0 else { return fail(status, of: "message", .frame) }
    loop.counters.callsRefused[.invalid, default: 0] += 1
    if state.cancelPublish(call: call) { return refuse(call, rows: 0, status) }
    if call > state.lastCall, open(call, scope: []) { refuse(call, rows: 0, status) }
  }

  private func cancel(_ call: UInt32) {
    if state.cancelPublish(call: call) {
      refuse(call, rows: 0, WireStatus(.cancelled, "the client gave up its publish"))
    } else if call <= state.lastCall, state.callsInFlight > 0 {
      loop.service.cancel(call: call, on: self)
    }
  }

  // MARK: Publishing

  private func receive(_ chunk: V1.Chunk, call: UInt32) {
    if state.publish?.call == call {
      publishHeardAt = loop.step
      if let status = loop.share.reserve(publishedBytes: chunk.data.count) {
        _ = state.cancelPublish(call: call)
        return refuse(call, rows: 0, status)
      }
      publishedBytes[call, default: 0] += chunk.data.count
    }
    advance(state.receive(chunk, call: call), call: call)
  }

  private func advance(_ step: ServerConnectionState.PublishStep, call: UInt32) {
    switch step {
    case .more: break
    case .whole(let publish):
      loop.service.handle(.publish(publish.header, artefact: publish.assembly.bytes), call: call, on: self)
    case .refuse(let status): refuse(call, rows: 0, status)
    case .fail(let status): fail(status, of: "chunk", .frame)
    }
  }
}
