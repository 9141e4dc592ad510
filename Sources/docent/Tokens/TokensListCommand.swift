import ArgumentParser
import Console
import Registry

/// `docent tokens list`
struct TokensListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists every token, also the revoked ones, without the secrets.",
    discussion: """
      Examples:
        docent tokens list --registry teacher.sqlite
        docent tokens list --registry teacher.sqlite --json
      """)

  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let tokens = try ModelRegistry.open(path: registry, mode: .readOnly).tokens()
    try output.results.print(
      tokens.map { TokenListing($0) },
      columns: [
        TableColumn("ID") { $0.id },
        TableColumn("NAME") { $0.name },
        TableColumn("SCOPES") { $0.scopes.joined(separator: ",") },
        TableColumn("ROWS/S", .right) { $0.rowsPerSecond.map { NumberFormat.grouped($0) } ?? "-" },
        TableColumn("CREATED (UTC)") { Timestamp.short($0.created) },
        TableColumn("REVOKED (UTC)") { $0.revoked.map { Timestamp.short($0) } ?? "-" },
      ])
  }
}
