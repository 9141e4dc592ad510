import ArgumentParser

/// `docent models`: what is stored or served, and moving it about.
struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists, checks, moves, copies, imports and exports model versions.",
    discussion: """
      A registry is an SQLite file; a server is a running docent-teacher. A version is named NAME#VERSION, or NAME@ALIAS; \
      NAME alone means NAME@stable.

      Examples:
        docent models list --registry teacher.sqlite
        docent models show --server 127.0.0.1:7070 --model cartpole
        docent models alias --server 127.0.0.1:7070 --model cartpole --alias stable --to 2 --why "returns are higher"
        docent models verify --registry teacher.sqlite
      """,
    subcommands: [
      ModelsListCommand.self, ModelsShowCommand.self, ModelsHistoryCommand.self, ModelsAliasCommand.self,
      ModelsVerifyCommand.self, ModelsBackupCommand.self, ModelsCollectCommand.self,
      ModelsImportCommand.self, ModelsExportCommand.self, ModelsPublishCommand.self,
    ])
}
