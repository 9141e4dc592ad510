import ArgumentParser

/// `docent rollout`: a version takes over from `stable` step by step, and goes back where it should not have.
struct RolloutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollout", abstract: "Brings a model's version to its clients step by step, measured and reversible.",
    discussion: """
      A rollout gives a candidate a share of new episodes, and a larger one where every gate has passed; a gate that \
      fails takes the candidate back at once. A model has one rollout at a time. The service carries it out by itself, \
      also after it was started anew.

      Examples:
        docent rollout start cartpole --server 127.0.0.1:7070 --to 3
        docent rollout status cartpole --server 127.0.0.1:7070 --watch
        docent rollout pause cartpole --server 127.0.0.1:7070 --reason "the load test begins"
        docent rollout rollback cartpole --server 127.0.0.1:7070 --reason "returns fell"
        docent rollout history cartpole --server 127.0.0.1:7070
      """,
    subcommands: [
      RolloutStartCommand.self, RolloutStatusCommand.self, RolloutPauseCommand.self, RolloutResumeCommand.self,
      RolloutPromoteCommand.self, RolloutAbortCommand.self, RolloutRollbackCommand.self, RolloutHistoryCommand.self,
    ])
}
