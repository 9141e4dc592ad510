import ArgumentParser

/// `docent tokens`: who may use a service, and for what.
struct TokensCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens", abstract: "Makes, lists and revokes the access tokens of a teacher service.",
    discussion: """
      A token lets its bearer do what its scopes say: 'query' asks policies, 'publish' adds versions, 'operate' moves \
      aliases. Tokens are kept in the service's registry, which holds a hash of each one's secret and not the secret. A \
      service that runs sees what is made and revoked here.

      Examples:
        docent tokens create --registry teacher.sqlite --name walker --scope query > walker.token
        docent tokens list --registry teacher.sqlite
        docent tokens revoke --registry teacher.sqlite walker
      """,
    subcommands: [TokensCreateCommand.self, TokensListCommand.self, TokensRevokeCommand.self])
}
