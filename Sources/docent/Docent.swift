import ArgumentParser
import Console
import Neural

/// The command line for people.
@main
struct Docent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docent", abstract: "Trains, distils, evaluates and rolls out policies.",
    subcommands: [
      EnvironmentCommand.self,
      TrainCommand.self,
      DistillCommand.self,
      EvaluateCommand.self,
      ModelsCommand.self,
      RolloutCommand.self,
      TokensCommand.self,
      QueryCommand.self,
      TopCommand.self,
      BenchCommand.self,
      DemoCommand.self,
    ])

  static func main() async { await Program.run(Self.self) { try KernelPath.check() } }
}
