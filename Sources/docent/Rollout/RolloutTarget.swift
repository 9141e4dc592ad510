import ArgumentParser
import Wire

/// The model whose rollout a command is about, and the service that has it.
struct RolloutTarget: ParsableArguments {
  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String
  @Option(help: ArgumentHelp("The teacher service, or unix: and its socket.", valueName: "host:port"))
  var server: String
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    // On the wire an empty name means every model.
    guard !model.isEmpty else { throw ValidationError("the model's name is empty, expected one such as cartpole") }
  }

  func withClient<Answer>(_ body: (TeacherClient) async throws -> Answer) async throws -> Answer {
    try await connection.withClient(server, body)
  }
}

/// What every change of a rollout may have.
struct RolloutChangeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Kept in the history.", valueName: "text"))
  var reason = ""
  @Option(help: ArgumentHelp("The same id again does nothing and answers the same.", valueName: "id"))
  var requestID = ""
}
