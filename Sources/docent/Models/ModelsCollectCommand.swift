import ArgumentParser
import Console
import Registry

/// `docent models gc`
struct ModelsCollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Removes the versions of a registry that nothing points to.",
    discussion: """
      What an alias or a rollout points to stays, and so do the version that stable pointed to before, and the newest of \
      each model. The room in the file is used for versions to come; numbers are never used again.

      Examples:
        docent models gc --registry teacher.sqlite --keep 5 --dry-run
        docent models gc --registry teacher.sqlite --keep 5 cartpole
      """)

  @Argument(help: ArgumentHelp("Only this model.", valueName: "model"))
  var model: String?
  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String
  @Option(help: ArgumentHelp("How many of a model's newest versions stay in any case.", valueName: "n"))
  var keep: Int
  @Flag(help: "Only say what would be removed.")
  var dryRun = false
  @OptionGroup var output: OutputOptions

  private struct Listing: Encodable {
    let model: String
    let version: UInt64
    let bytesFreed: Int
    let removed: Bool
  }

  func validate() throws {
    guard keep >= 0 else { throw ValidationError("--keep \(keep): expected 0 or more") }
  }

  func run() async throws {
    let registry = try ModelRegistry.open(path: registry, mode: dryRun ? .readOnly : .existing)
    let removed = try registry.collectGarbage(model: model, keep: keep, dryRun: dryRun)
    let bytes = removed.reduce(0) { $0 + $1.bytesFreed }
    try output.results.print(
      removed.map { Listing(model: $0.model, version: $0.version, bytesFreed: $0.bytesFreed, removed: !dryRun) },
      columns: [
        TableColumn("MODEL") { "\($0.model)#\($0.version)" },
        TableColumn("FREED", .right) { NumberFormat.bytes($0.bytesFreed) },
      ])
    let verb = dryRun ? "would be removed" : "removed"
    StandardStream.error.write("\(removed.count) versions \(verb), \(NumberFormat.bytes(bytes)) freed\n")
  }
}
