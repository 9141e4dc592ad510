import ArgumentParser

/// The teacher service.
@main
struct DocentTeacher: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docent-teacher", abstract: "Answers policy queries for many clients.",
    subcommands: [])
}
