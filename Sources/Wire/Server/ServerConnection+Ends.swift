import Logging
import NIOCore

// How a connection begins and ends.
extension ServerConnection {
  /// The socket is connected.
  func begin() {
    guard !isCountedIn else { return }
    opened = loop.eventLoop.now
    loop.counters.connectionsAccepted += 1
    loop.counters.connectionsOpen += 1
    if let status = loop.share.enter() {
      loop.counters.connectionsOpen -= 1
      return fail(status, of: "connection", .limit)
    }
    isCountedIn = true
    guard state.phase == .greeting else { return }
    let limit = loop.settings.helloTimeout
    greetingTimer = loop.eventLoop.assumeIsolated().scheduleTask(in: limit) { [unowned self] in
      fail(
        WireStatus(.deadlineExceeded, "no Hello within \(Duration.nanoseconds(limit.nanoseconds)) of connecting"),
        of: "silence", .greeting)
    }
  }

  // MARK: Refusals

  func refuseFrame(_ refusal: FrameRefusal) {
    loop.counters.framesRefused[refusal.reason, default: 0] += 1
    if case .stranger = refusal {
      // Nobody there would understand a GoAway.
      loop.logger.notice("refused: \(refusal)", metadata: metadata)
      return closeNow(.frame)
    }
    fail(refusal.status, of: "frame", .frame)
  }

  /// Ends the connection with a status: what is open finishes, nothing more is read.
  func fail(_ status: WireStatus, of what: String, _ end: ConnectionEnd) {
    guard state.phase != .failed, state.phase != .closed else { return }
    loop.logger.notice("refused a \(what): \(status)", metadata: metadata)
    self.end = end
    stopReading()
    write(V1.Frame(.goAway(V1.GoAway(lastCall: state.lastCall, status: status))))
    if state.callsInFlight > 0 { loop.service.endWatches(of: self) }
  }

  private func stopReading() {
    greetingTimer?.cancel()
    greetingTimer = nil
    releaseUnfinishedPublish()
    state.fail()
    partial = ByteBuffer()
  }

  func releaseUnfinishedPublish() {
    if let publish = state.publish { releasePublished(publish.call) }
  }

  /// Reading or writing failed.
  func fail(reading error: any Error) {
    // Many clients close without TLS's goodbye: a frame that was cut so is no call. Nor is it
    // a failure that nobody is left to take answers.
    if end == .client, !isUncleanShutdown(error), !isInputClosed { end = .error }
    // Before Hello it is a peer that speaks another protocol, or no TLS that we do; later it is the network.
    let level: Logger.Level = state.phase == .greeting ? .notice : .debug
    loop.logger.log(level: level, "connection failed: \(describeServerSide(error))", metadata: metadata)
  }

  /// What was granted may have been revoked.
  func reviewAccess() {
    guard state.phase == .open || state.phase == .draining, !loop.share.gate.stillGrants(access) else { return }
    fail(
      WireStatus(.unauthenticated, "the token \(access.name) was revoked, expected one that is valid"), of: "token",
      .revoked)
    // What is open ends too: a transfer could last for as long as its reader likes.
    loop.service.abandon(self)
  }

  // MARK: Keepalive

  /// Called once a step of the loop's.
  func lookForLife() {
    guard state.phase != .greeting, !isEnding else { return }
    if let publish = state.publish, loop.step - publishHeardAt > loop.silentStepsMax,
      state.cancelPublish(call: publish.call)
    {
      refuse(
        publish.call, rows: 0,
        WireStatus(.deadlineExceeded, "no chunk came for long, expected the rest of the artefact"))
    }
    let silent = loop.step - heardAt
    if silent == loop.silentStepsMax + 1 {
      write(V1.Frame(.ping(0)))
    } else if silent > loop.silentStepsMax + loop.unansweredStepsMax {
      loop.logger.notice("refused a silence: no answer to a ping", metadata: metadata)
      closeNow(.silent)
    }
  }

  // MARK: Ends

  func drain() {
    guard state.phase == .open || state.phase == .greeting else { return }
    end = .drained
    let status = WireStatus(.unavailable, "the server is shutting down")
    write(V1.Frame(.goAway(V1.GoAway(lastCall: state.lastCall, status: status))))
    if state.phase == .greeting { stopReading() } else { state.drain() }
  }

  /// The client has ended its side, or is gone, which looks the same until something is sent to it: what it has asked is
  /// answered, and the connection closes.
  func hearNoMore() {
    isInputClosed = true
    guard state.isReading else { return }
    stopReading()
    guard state.callsInFlight > 0 else { return markUnflushed() }
    loop.service.endWatches(of: self)
    // Nobody answers a Pong. Where nobody is left to read it either, the socket says so, and what is open is abandoned.
    write(V1.Frame(.pong(0)))
  }

  /// Everything is said: no more is sent, and the peer is given time to read it. Closing at once with bytes unread would
  /// reset the connection, and the peer might lose what was said last.
  func sayNoMore() {
    guard !isEnding, let context else { return }
    isEnding = true
    stopReading()
    if isInputClosed {
      closeWhenSent(context)
    } else {
      context.close(mode: .output, promise: nil)
      linger(context.channel, unsent: .max, without: .zero)
    }
  }

  /// With both sides ended nothing is waited for but what the socket has not taken yet: closing would drop it.
  private func closeWhenSent(_ context: ChannelHandlerContext) {
    let channel = context.channel
    guard unsentBytes > 0 else { return channel.close(promise: nil) }
    let sent = loop.eventLoop.makePromise(of: Void.self)
    sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    linger(channel, unsent: .max, without: .zero)
  }

  /// What the socket has not taken yet.
  var unsentBytes: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

  /// Looks from time to time, and closes a peer that has had all of it for a while, or that takes nothing of it for longer.
  ///
  /// - Parameters:
  ///   - before: bytes that were unsent at the last look.
  ///   - stillness: since when nothing was taken.
  private func linger(_ channel: any Channel, unsent before: Int, without stillness: TimeAmount) {
    let unsent = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    let patience = unsent == 0 ? loop.settings.lingering : loop.settings.keepaliveTimeout
    let stillness = unsent < before ? .zero : stillness + loop.settings.lingering
    guard stillness < patience else { return channel.close(promise: nil) }
    loop.eventLoop.assumeIsolated().scheduleTask(in: loop.settings.lingering) { [self] in
      linger(channel, unsent: unsent, without: stillness)
    }
  }

  func closeNow(_ end: ConnectionEnd) {
    self.end = end
    releaseUnfinishedPublish()
    state.close()
    context?.close(promise: nil)
  }

  // MARK: The log

  func logEnd() {
    greetingTimer?.cancel()
    if isCountedIn {
      isCountedIn = false
      loop.share.leave()
      loop.counters.connectionsOpen -= 1
    }
    loop.counters.connectionsEnded[end, default: 0] += 1
    loop.logger.info("connection closed", metadata: endMetadata)
  }

  /// Where the client is: `HOST:PORT`, `unix`, or `gone`.
  public var peer: String { context?.channel.remoteAddress?.peerDescription ?? "gone" }

  var metadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["peer": "\(peer)", "client": "\(client)"]
    if !access.name.isEmpty { metadata["token"] = "\(access.name)" }
    return metadata
  }
}

extension SocketAddress {
  /// `HOST:PORT`, or `unix` for a Unix-domain socket, whose clients have no names.
  var peerDescription: String {
    guard let host = ipAddress, let port else { return "unix" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
