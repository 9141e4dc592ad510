import ArgumentParser
import Console
import Wire

/// `docent rollout history`
struct RolloutHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Shows a model's rollouts, newest first, or what happened in one of them.",
    discussion: """
      A rollout is named by its id, or by as many of its first digits as tell it from the others.

      Examples:
        docent rollout history cartpole --server 127.0.0.1:7070
        docent rollout history cartpole 3f2a --server 127.0.0.1:7070
      """)

  @OptionGroup var target: RolloutTarget
  @Argument(help: ArgumentHelp("Show what happened in this one.", valueName: "rollout"))
  var rollout: String?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let reply = try await target.withClient {
      try await $0.rollout(V1.RolloutRequest(model: target.model, action: .history))
    }
    guard let rollout else {
      return try output.results.print(
        reply.rollouts.map { RolloutRecordListing($0, model: target.model) }, columns: RolloutText.recordColumns)
    }
    let id = try Self.id(rollout, of: reply.rollouts.map(\.rollout))
    try output.results.print(
      reply.events.filter { $0.rollout == id }.map { RolloutEventListing($0) }, columns: RolloutText.eventColumns)
  }

  /// The only one of these that begins like this.
  static func id(_ beginning: String, of all: [String]) throws(ValidationError) -> String {
    let matching = all.filter { $0.hasPrefix(beginning.lowercased()) }
    switch matching.count {
    case 1: return matching[0]
    case 0:
      throw ValidationError(
        "'\(beginning)' given, expected the beginning of one of \(all.count) rollouts' ids, as the history shows them")
    default:
      throw ValidationError(
        "'\(beginning)' begins \(matching.count) rollouts' ids, expected more digits of one of them")
    }
  }
}
