import ArgumentParser
import Console
import Registry

/// `docent models verify`
struct ModelsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Recomputes every artefact's SHA-256 and golden outputs, and checks records, aliases and the file.",
    discussion: """
      A registry's file is checked as SQLite checks it, page by page; a service checks its own so far as nobody waits for \
      that. The exit code is 1 when anything is not as it was published.

      Examples:
        docent models verify --registry teacher.sqlite
        docent models verify --server 127.0.0.1:7070 --model cartpole --json
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: ArgumentHelp("Only this model.", valueName: "name"))
  var model: String?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let results = try await source.withSource(.readOnly) { try await $0.verify(model: model) }
    try output.results.print(
      results,
      columns: [
        TableColumn("MODEL") { result in
          result.model.map { model in result.version.map { "\(model)#\($0)" } ?? model } ?? "(registry)"
        },
        TableColumn("RESULT") { $0.problem ?? "ok" },
      ])
    let bad = results.count { !$0.ok }
    if bad > 0 { throw VerificationFailure(description: "\(bad) of \(results.count) checks failed") }
  }
}

/// Something is not as it was published.
struct VerificationFailure: Error, CustomStringConvertible {
  let description: String
}
