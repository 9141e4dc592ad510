import ArgumentParser
import Console
import Neural

/// The student service.
@main
struct DocentStudent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docent-student", abstract: "Trains students that query a teacher during their own rollouts.",
    discussion: """
      Examples:
        docent-student train job.yaml
        docent-student train job.yaml --json
      """,
    subcommands: [TrainCommand.self])

  static func main() async { await Program.run(Self.self) { try KernelPath.check() } }
}
