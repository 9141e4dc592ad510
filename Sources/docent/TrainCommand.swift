import ArgumentParser
import Console
import Environments
import Learning
import Registry
import StudentTraining

/// `docent train`: reinforcement learning, from an environment to a stored version.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a policy in an environment and stores it as a version.",
    discussion: """
      The run, its hyper-parameters and its metrics are in the registry from the start; the policy becomes the next \
      version of the model when the training ends, and is evaluated on seeds that it never saw. With the preset 'cartpole' \
      the training ends as soon as its deterministic mean return reaches 495. The same seed gives the same policy, bit for \
      bit.

      Examples:
        docent train CartPole-v1 --steps 200000 --seed 1 --registry teacher.sqlite --model cartpole
        docent train CartPole-v1 --preset rl-zoo --steps 100000 --registry teacher.sqlite --model cartpole --json
      """)

  @Argument(help: ArgumentHelp("The environment.", valueName: "env"))
  var environment: String
  @Option(help: "How to learn: \(TrainingAlgorithm.allNames).")
  var algorithm = TrainingAlgorithm.ppo
  @Option(help: "The algorithm's settings: \(PPOPreset.allNames).")
  var preset = PPOPreset.cartpole
  @Option(help: "Environment steps to train for at most, rounded up to whole rollouts.")
  var steps = 200_000
  @Option(help: "Of everything that is drawn.")
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("The registry's file; made where there is none.", valueName: "file"))
  var registry: String
  @Option(help: ArgumentHelp("The model that gets a version.", valueName: "name"))
  var model: String
  @Option(help: "Episodes that the finished policy plays; 0 for none.")
  var evaluationEpisodes = 100
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard steps > 0 else { throw ValidationError("--steps is \(steps); expected at least 1") }
    guard evaluationEpisodes >= 0 else {
      throw ValidationError("--evaluation-episodes is \(evaluationEpisodes); expected 0 or more")
    }
    guard RegistryName.isValid(model) else {
      throw ValidationError("model name '\(model)' is not allowed; expected \(RegistryName.rule)")
    }
  }

  func run() async throws {
    let job = PPOJob(
      environment: environment, settings: preset.settings, steps: steps, seed: seed, registry: registry, model: model,
      evaluationEpisodes: evaluationEpisodes)
    let display = ProgressDisplay("train \(environment)")
    defer { display.finish() }
    let summary = try await Interruption.cancels {
      try await onOwnThread(checking: { check in
        try job.run {
          try check()
          display.update(ProgressState($0))
        }
      })
    }
    display.finish()
    try output.results.print(summary, text: summary.text)
  }
}

enum TrainingAlgorithm: String, CaseIterable, ExpressibleByArgument {
  case ppo

  static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

enum PPOPreset: String, CaseIterable, ExpressibleByArgument {
  /// Ours.
  case cartpole
  case pureJaxRL = "pure-jax-rl"
  case rlZoo = "rl-zoo"

  static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

  var settings: PPOSettings {
    switch self {
    case .cartpole: .cartPole
    case .pureJaxRL: .pureJaxRL
    case .rlZoo: .rlZoo
    }
  }
}
