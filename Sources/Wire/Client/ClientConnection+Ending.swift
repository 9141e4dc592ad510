import NIOCore
import Synchronization

// Calls that the client itself ends, and a connection that it takes no more calls on.
extension ClientConnection {
  /// Ends a call that has no answer yet with a status of the client's own, and tells the server. From any thread.
  func end(_ call: ClientCall, _ status: WireStatus) {
    let (isFirst, timer): (Bool, Scheduled<Void>?) = shared.withLock { shared in
      guard !call.isOver else { return (false, nil) }
      call.isOver = true
      if let number = call.number {
        _ = shared.state.settle(number)
        cancel([number], &shared)
      } else {
        _ = shared.state.withdraw { if case .call(let other) = $0 { other === call } else { false } }
      }
      return (true, call.timer)
    }
    guard isFirst else { return }
    timer?.cancel()
    call.receiver.fail(AttemptFailure(status))
    sendWaitingSoon()
  }

  /// Ends what is left of a query with a status of the client's own. The query's thread is signalled, by the event loop,
  /// once nothing of it is under way any more.
  func end(_ query: PolicyQuery, _ status: WireStatus) {
    let count = shared.withLock { shared in
      let withdrawn = shared.state.withdraw { if case .query(let other, _, _) = $0 { other === query } else { false } }
      cancel(withdrawn.sent, &shared)
      return withdrawn.count
    }
    channel.eventLoop.execute {
      for _ in 0..<count { query.fail(AttemptFailure(status)) }
      self.sendWaiting()
    }
  }

  func forget(ping number: UInt64, _ status: WireStatus) {
    shared.withLock { $0.pings.removeValue(forKey: number) }?.fail(AttemptFailure(status))
  }

  /// Nobody has a call number for the next call: another connection takes it, and this one ends with its last call.
  func retire(_ status: WireStatus) {
    shared.withLock { $0.state.retire(status) }
    leave()
    sendWaitingSoon()
  }

  /// Room was made, or the last call has ended.
  private func sendWaitingSoon() {
    channel.eventLoop.execute { self.sendWaiting() }
  }

  private func cancel(_ numbers: [UInt32], _ shared: inout Shared) {
    for number in numbers { shared.codec.write(V1.Frame(call: number, .cancel), into: &shared.outbox) }
    postFlush(&shared)
  }
}
