import ArgumentParser
import Console
import Wire

/// A change of a rollout that is named and needs no more.
struct RolloutSteeringOptions: ParsableArguments {
  @OptionGroup var target: RolloutTarget
  @OptionGroup var change: RolloutChangeOptions
  @OptionGroup var output: OutputOptions

  /// Asks for it, and prints where the rollout stands then.
  func perform(_ action: V1.RolloutAction) async throws {
    let request = V1.RolloutRequest(
      model: target.model, action: action, requestID: change.requestID, reason: change.reason)
    let reply = try await target.withClient { try await $0.rollout(request) }
    try output.results.print(RolloutListing(reply), text: RolloutText.text(reply))
  }
}

/// `docent rollout pause`
struct RolloutPauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Keeps a rollout where it is.",
    discussion: """
      The candidate keeps its share of new episodes until the rollout is resumed.
      """)

  @OptionGroup var options: RolloutSteeringOptions

  func run() async throws { try await options.perform(.pause) }
}

/// `docent rollout resume`
struct RolloutResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Goes on with a paused rollout.",
    discussion: """
      It goes on in the step that it was paused in.
      """)

  @OptionGroup var options: RolloutSteeringOptions

  func run() async throws { try await options.perform(.resume) }
}

/// `docent rollout promote`
struct RolloutPromoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Makes the candidate stable now, whatever the gates say.",
    discussion: """
      Episodes that are under way keep their versions. The promoted version is watched as after a last step.
      """)

  @OptionGroup var options: RolloutSteeringOptions

  func run() async throws { try await options.perform(.promote) }
}

/// `docent rollout abort`
struct RolloutAbortCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Ends a rollout, and takes the candidate back.",
    discussion: """
      Stable stays what it is. No new episode goes to the candidate, and those that it plays go on with stable.
      """)

  @OptionGroup var options: RolloutSteeringOptions

  func run() async throws { try await options.perform(.abort) }
}
