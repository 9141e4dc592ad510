import ArgumentParser
import Console
import Wire

/// `docent rollout rollback`
struct RolloutRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Returns stable to an earlier version at once.",
    discussion: """
      Where a rollout is under way it ends. The version that is left plays no episode any more: those that it played \
      go on with the other one. The versions that stable had last stay loaded, so this is a matter of milliseconds.

      Examples:
        docent rollout rollback cartpole --server 127.0.0.1:7070 --reason "returns fell"
        docent rollout rollback cartpole --server 127.0.0.1:7070 --to 2
      """)

  @OptionGroup var target: RolloutTarget
  @Option(help: ArgumentHelp("The version to return to. (default: the one before)", valueName: "version"))
  var to: UInt64?
  @OptionGroup var change: RolloutChangeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if to == 0 { throw ValidationError("version 0 given with --to; versions count from 1") }
  }

  func run() async throws {
    let request = V1.RolloutRequest(
      model: target.model, action: .rollback, requestID: change.requestID, reason: change.reason, version: to ?? 0)
    let (reply, stable) = try await target.withClient { client in
      let reply = try await client.rollout(request)
      return (reply, try await client.describe(model: target.model).version?.number)
    }
    try output.results.print(
      RollbackListing(
        model: target.model, stable: stable, rollout: reply.rollout.isEmpty ? nil : RolloutListing(reply)),
      text: "\(target.model)@stable is \(stable.map { "#\($0)" } ?? "nothing")")
  }
}
