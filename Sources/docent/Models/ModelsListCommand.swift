import ArgumentParser
import Console
import Registry

/// `docent models list`
struct ModelsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the versions of every model, or of one.",
    discussion: """
      Examples:
        docent models list --registry teacher.sqlite
        docent models list --server 127.0.0.1:7070 --model cartpole --json
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: ArgumentHelp("Only this model.", valueName: "name"))
  var model: String?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let versions = try await source.withSource(.readOnly) { try await $0.versions(of: model) }
    try output.results.print(versions, columns: VersionListing.columns(states: source.server != nil))
  }
}
