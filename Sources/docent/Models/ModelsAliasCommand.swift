import ArgumentParser
import Console
import Foundation
import Registry

/// `docent models alias`
struct ModelsAliasCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alias", abstract: "Points an alias at a version, or removes it.",
    discussion: """
      The version is loaded and its golden outputs recomputed first. The change is durable, with who made it and why, when \
      the command ends.

      Examples:
        docent models alias --registry teacher.sqlite --model cartpole --alias stable --to 2 --why "returns are higher"
        docent models alias --server 127.0.0.1:7070 --model cartpole --alias canary --remove
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: ArgumentHelp("The model.", valueName: "name"))
  var model: String
  @Option(help: ArgumentHelp("The alias.", valueName: "name"))
  var alias: String
  @Option(help: ArgumentHelp("The version's number.", valueName: "version"))
  var to: UInt64?
  @Flag(help: "Remove the alias.")
  var remove = false
  @Option(help: ArgumentHelp("Kept in the history.", valueName: "text"))
  var why = ""
  @Option(help: ArgumentHelp("The same id again does nothing and answers the same.", valueName: "id"))
  var requestID: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (to == nil) == remove else {
      throw ValidationError("\(remove ? "both" : "neither") of --to and --remove given; expected one of them")
    }
    if to == 0 { throw ValidationError("version 0 given with --to; versions count from 1") }
  }

  func run() async throws {
    let request = AliasMoveRequest(
      model: model, alias: alias, to: to, why: why, requestID: requestID ?? UUID().uuidString)
    let moved = try await source.withSource(.existing) { try await $0.moveAlias(request) }
    let from = moved.from.map { "#\($0)" } ?? "nothing"
    try output.results.print(
      moved, text: "\(model)@\(alias): \(from) -> \(moved.to.map { "#\($0)" } ?? "removed")")
  }
}
