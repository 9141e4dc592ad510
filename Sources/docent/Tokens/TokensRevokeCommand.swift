import ArgumentParser
import Console
import ModelStore
import Registry

/// `docent tokens revoke`
struct TokensRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revokes a token: from now on it opens nothing.",
    discussion: """
      The token stays in the list, and its name is free again. To revoke a token that is revoked already changes nothing.

      Examples:
        docent tokens revoke --registry teacher.sqlite walker
        docent tokens revoke --registry teacher.sqlite k3v7qa2m --json
      """)

  @Option(help: ArgumentHelp("The registry's file.", valueName: "file"))
  var registry: String
  @Argument(help: ArgumentHelp("The token's name or its id, never the token itself.", valueName: "name-or-id"))
  var token: String
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (record, wasRevoked) = try ModelRegistry.open(path: registry, mode: .existing).revokeToken(
      token, by: OperatorName.current)
    let listing = RevocationListing(record, wasRevoked: wasRevoked)
    let known = "token '\(record.name)' (id \(record.id))"
    let since = Timestamp.short(listing.revoked)
    try output.results.print(
      listing,
      text: wasRevoked ? "\(known) is revoked already, since \(since) UTC by \(listing.by)" : "\(known) is revoked")
  }
}
