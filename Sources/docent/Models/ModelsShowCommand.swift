import ArgumentParser
import Console
import ModelStore
import Registry

/// `docent models show`
struct ModelsShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows one version: its policy, where it comes from, and what names it has.",
    discussion: """
      Examples:
        docent models show --registry teacher.sqlite --model cartpole
        docent models show --server 127.0.0.1:7070 --model 'cartpole#2' --json
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: "The version, as NAME, NAME@ALIAS or NAME#VERSION.", transform: { try ModelSelection($0) })
  var model: ModelSelection
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let version = try await source.withSource(.readOnly) { try await $0.version(model) }
    try output.results.print(version, text: version.text)
  }
}
