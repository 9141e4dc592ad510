import ArgumentParser
import Console
import ModelStore
import Registry

/// `docent models backup`
struct ModelsBackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copies a registry that others may be using.",
    discussion: """
      The copy is what the registry was at one moment, on the disk when the command ends. Every version of it is then \
      checked as by 'models verify'; the exit code is 1 when anything is not as it was published.

      Examples:
        docent models backup --registry teacher.sqlite teacher-2026-11-25.sqlite
      """)

  @Argument(help: ArgumentHelp("The file to write; nothing may be there yet.", valueName: "to"))
  var target: String
  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let registry: String
    let backup: String
    let bytes: Int
    let versions: Int
    let problems: [VerificationListing]
  }

  func run() async throws {
    let bytes = try ModelRegistry.open(path: registry, mode: .readOnly).backup(to: target)
    let checks = try RegistrySource(store: PolicyStore(path: target, mode: .readOnly)).verify(model: nil)
    let problems = checks.filter { !$0.ok }
    let result = Result(
      registry: registry, backup: target, bytes: bytes, versions: checks.count { $0.version != nil }, problems: problems
    )
    let said = ["\(registry) -> \(target) (\(NumberFormat.bytes(bytes)), \(result.versions) versions)"]
    try output.results.print(
      result, text: (said + problems.compactMap(\.problem)).joined(separator: "\n"))
    if !problems.isEmpty {
      throw VerificationFailure(description: "\(problems.count) of \(checks.count) checks of the copy failed")
    }
  }
}
