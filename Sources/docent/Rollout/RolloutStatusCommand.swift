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
