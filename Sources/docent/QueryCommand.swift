import ArgumentParser

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "query")
}
