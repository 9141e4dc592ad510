import ArgumentParser
import Console
import Registry

/// `docent models history`
struct ModelsHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Shows every change of a model's aliases: who, when, from, to and why.",
    discussion: """
      Examples:
        docent models history --registry teacher.sqlite --model cartpole
        docent models history --server 127.0.0.1:7070 --model cartpole --json
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: ArgumentHelp("The model.", valueName: "name"))
  var model: String
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let changes = try await source.withSource(.readOnly) { try await $0.history(of: model) }
    try output.results.print(
      changes,
      columns: [
        TableColumn("WHEN (UTC)") { Timestamp.short($0.when) },
        TableColumn("ALIAS") { $0.alias },
        TableColumn("FROM", .right) { $0.from.map { "#\($0)" } ?? "-" },
        TableColumn("TO", .right) { $0.to.map { "#\($0)" } ?? "-" },
        TableColumn("WHO") { $0.who },
        TableColumn("WHY") { $0.why },
      ])
  }
}
