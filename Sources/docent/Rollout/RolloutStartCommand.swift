import ArgumentParser
import Console
import RolloutControl
import Wire

/// `docent rollout start`
struct RolloutStartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Starts to bring a version to the clients of stable.",
    discussion: """
      The service carries the rollout out by itself. With --follow the command prints each change until the rollout is \
      over or paused, and fails where the candidate did not become stable, for scripts that wait for it.

      The candidate is loaded and its golden outputs are recomputed first. A plan file has the keys candidate, steps, \
      every, patience, minimum_episodes, gates, shadow_percent, alpha, return_range ([low, high]), episode_timeout and \
      watch.

      Examples:
        docent rollout start cartpole --server 127.0.0.1:7070 --to 3 --steps 5,25,100 --every 10m \
      --gate 'kl<0.05' --gate 'return>-5' --returns 0:500 --reason "distilled on fresh data"
        docent rollout start cartpole --server 127.0.0.1:7070 --plan careful.yaml --to 4 --follow
      """)

  @OptionGroup var target: RolloutTarget
  @OptionGroup(title: "Plan") var plan: PlanOptions
  @Flag(help: "Print each change until it is over or paused.")
  var follow = false
  @OptionGroup var change: RolloutChangeOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let plan = try plan.resolved()
    let request = V1.RolloutRequest(
      model: target.model, action: .start, plan: plan.text, requestID: change.requestID, reason: change.reason,
      version: plan.candidate)
    let (target, results, follow) = (target, output.results, follow)
    try await Interruption.cancels {
      try await target.withClient { client in
        let reply = try await client.rollout(request)
        guard follow else { return try results.print(RolloutListing(reply), text: RolloutText.text(reply)) }
        try await RolloutView(client: client, model: target.model).follow(reply, results)
      }
    }
  }
}
