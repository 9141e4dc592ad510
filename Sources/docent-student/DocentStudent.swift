import ArgumentParser

/// The student service.
@main
struct DocentStudent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docent-student", abstract: "Trains students that query a teacher during their own rollouts.",
    subcommands: [])
}
