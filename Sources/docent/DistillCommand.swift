import ArgumentParser

struct DistillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "distill")
}
