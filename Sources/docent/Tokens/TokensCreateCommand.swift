import ArgumentParser
import Console
import ModelStore
import Registry

/// `docent tokens create`
struct TokensCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Makes a token and prints it, this once.",
    discussion: """
      Standard output gets the token alone on a line, so that it can go to a file; everything else goes to standard error. \
      A token that is lost cannot be shown again: revoke it and make another.

      Examples:
        docent tokens create --registry teacher.sqlite --name walker --scope query --rows-per-second 50000 > walker.token
        docent tokens create --registry teacher.sqlite --name ci --scope query --scope publish --json
      """)

  @Option(help: ArgumentHelp("The registry's file; made where there is none.", valueName: "file"))
  var registry: String
  @Option(help: ArgumentHelp("Whose token it is; the name of no other valid one.", valueName: "name"))
  var name: String
  @Option(help: "What it allows; give it once for each.")
  var scope: [TokenScope]
  @Option(help: ArgumentHelp("The most rows that its bearer may ask for in a second.", valueName: "n"))
  var rowsPerSecond: Int?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard TokenRecord.isValidName(name) else {
      // Not repeated: what does not look like a name may be a token.
      throw ValidationError("what --name gives is not allowed; expected \(TokenRecord.nameRule)")
    }
    if let rowsPerSecond, rowsPerSecond < 1 {
      throw ValidationError("--rows-per-second is \(rowsPerSecond); expected 1 or more")
    }
  }

  func run() async throws {
    let made = try ModelRegistry.open(path: registry, mode: .create).createToken(
      name: name, scopes: Set(scope), rowsPerSecond: rowsPerSecond, by: OperatorName.current)
    try output.results.print(NewTokenListing(made.record, token: made.token), text: made.token)
    if !output.json {
      let limit = made.record.rowsPerSecond.map { ", at most \(NumberFormat.grouped($0)) rows a second" } ?? ""
      StandardStream.error.write(
        "token '\(name)' (id \(made.record.id)): \(TokenListing(made.record).scopes.joined(separator: ", "))\(limit)\n"
          + "Keep it now: it is stored nowhere, and cannot be shown again.\n")
    }
  }
}
