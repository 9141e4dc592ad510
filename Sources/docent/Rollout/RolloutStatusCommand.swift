import ArgumentParser
import Console
import Wire

/// `docent rollout status`
struct RolloutStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows where a model's rollout stands, and what its gates have measured.",
    discussion: """
      The bounds of a gate hold at every look, so that looking often costs nothing. With --watch the view is kept up \
      to date on a terminal until the key q or Ctrl-C; elsewhere each change is printed on a line of its own. In JSON, \
      steps count from 0.

      Examples:
        docent rollout status cartpole --server 127.0.0.1:7070
        docent rollout status cartpole --server 127.0.0.1:7070 --watch
        docent rollout status cartpole --server 127.0.0.1:7070 --watch --json
      """)

  @OptionGroup var target: RolloutTarget
  @Flag(help: "Go on and show every change.")
  var watch = false
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard watch else {
      let reply = try await self.target.withClient { try await $0.rollout(V1.RolloutRequest(model: self.target.model)) }
      return try output.results.print(RolloutListing(reply), text: RolloutText.text(reply))
    }
    let (target, results) = (target, output.results)
    do {
      try await Interruption.cancels {
        try await target.withClient { client in
          let view = RolloutView(client: client, model: target.model)
          if results.json || !StandardStream.output.isTerminal {
            try await view.printChanges(results)
          } else {
            try await view.show()
          }
        }
      }
    } catch is Interruption {
      // The usual end of a view.
    }
  }
}

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
