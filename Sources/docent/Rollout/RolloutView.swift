import Console
import Wire

/// Follows a model's rollout.
struct RolloutView: Sendable {
  let client: TeacherClient
  let model: String

  private func status() async throws(WireStatus) -> V1.RolloutReply {
    try await client.rollout(V1.RolloutRequest(model: model), timeout: .seconds(5))
  }

  /// Prints what stands, then a line a change, until it is cancelled.
  func printChanges(_ results: ResultPrinter) async throws {
    do {
      var last = try await status()
      try results.print(RolloutListing(last), text: RolloutText.line(last))
      for try await event in client.watch(model: model) {
        guard case .rollout(let reply) = event.event, reply != last else { continue }
        try results.print(RolloutListing(reply), text: RolloutText.line(reply))
        last = reply
      }
    } catch let status as WireStatus where status.code == .cancelled && Task.isCancelled {
      throw CancellationError()
    }
  }

  /// Prints a line a change of a rollout, until it is over or waits for an operator.
  ///
  /// - Throws: `RolloutNotCompleted` where it ended so that `stable` is not the candidate, or is paused.
  func follow(_ rollout: V1.RolloutReply, _ results: ResultPrinter) async throws {
    for try await event in client.watch(model: model) {
      guard case .rollout(let reply) = event.event else { continue }
      // What was missed while there was no connection is not said again.
      guard reply.rollout == rollout.rollout else { break }
      try results.print(RolloutListing(reply), text: RolloutText.step(reply))
      if reply.endedMicroseconds != 0 || reply.state == "paused" {
        return try RolloutNotCompleted.check(reply.state, reply.candidate, reply.reason)
      }
    }
    let history = try await client.rollout(V1.RolloutRequest(model: model, action: .history))
    guard let record = history.rollouts.first(where: { $0.rollout == rollout.rollout }) else { return }
    try RolloutNotCompleted.check(record.state, record.candidate, record.reason)
  }

  /// Shows a view on the terminal, until `q` is pressed or it is cancelled. It asks each second, so that it can tell
  /// when there is no answer.
  func show() async throws {
    var isDownSince: ContinuousClock.Instant?
    try await LiveView.show(every: .seconds(1)) {
      do {
        let reply = try await status()
        isDownSince = nil
        return { RolloutText.lines(reply, at: RolloutText.now, columns: $0.columns - 1, rows: $0.rows) }
      } catch let failure as WireStatus where [.unavailable, .deadlineExceeded].contains(failure.code) {
        let since = isDownSince ?? .now
        isDownSince = since
        let source = "\(model) at \(client.address)"
        return {
          TopText.lines(
            failure: "\(failure)", source: source, seconds: (.now - since) / .seconds(1), columns: $0.columns - 1,
            rows: $0.rows)
        }
      } catch let failure as WireStatus where failure.code == .cancelled && Task.isCancelled {
        throw CancellationError()
      }
    }
  }
}

/// A rollout that was followed did not bring its candidate.
struct RolloutNotCompleted: Error, CustomStringConvertible {
  let description: String

  static func check(_ state: String, _ candidate: UInt64, _ reason: String) throws(RolloutNotCompleted) {
    guard state != "completed" else { return }
    throw RolloutNotCompleted(
      description: "the rollout of version \(candidate) is \(RolloutText.visible(state)): "
        + RolloutText.visible(reason))
  }
}
