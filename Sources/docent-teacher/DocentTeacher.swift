import ArgumentParser
import Console
import Neural

/// The teacher service.
@main
struct DocentTeacher: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docent-teacher", abstract: "Answers policy queries for many clients.",
    discussion: """
      Examples:
        docent-teacher serve --registry teacher.sqlite
        docent-teacher serve --registry teacher.sqlite --listen 127.0.0.1:0 --json
      """,
    subcommands: [ServeCommand.self])

  static func main() async { await Program.run(Self.self) { try KernelPath.check() } }
}
