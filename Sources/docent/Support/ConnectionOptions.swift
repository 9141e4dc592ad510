import ArgumentParser
import ModelStore
import StudentTraining
import Wire

/// How a command reaches a service: TLS, and a token that is never on the command line.
struct ConnectionOptions: ParsableArguments {
  @Flag(help: "Encrypt the connection; the other --tls options do so too.")
  var tls = false
  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp("Trust the authorities of this PEM file, and no others.", valueName: "file"))
  var tlsCa: String?
  @Option(help: ArgumentHelp("The client's own certificate, PEM.", valueName: "file"))
  var tlsCertificate: String?
  @Option(help: ArgumentHelp("Its key, PEM.", valueName: "file"))
  var tlsKey: String?
  @Option(help: ArgumentHelp("The name that the service's certificate has, if not the address's.", valueName: "name"))
  var tlsServerName: String?
  @Option(
    help: ArgumentHelp(
      "The file that holds the token. (default: the environment's \(TeacherConnection.tokenVariable))",
      valueName: "file"))
  var tokenFile: String?

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError(
        "--\(tlsKey == nil ? "tls-certificate" : "tls-key") given without "
          + "--\(tlsKey == nil ? "tls-key" : "tls-certificate"); expected both or neither")
    }
  }

  var connection: TeacherConnection {
    var connection = TeacherConnection()
    connection.tls = tls
    connection.tlsCa = tlsCa ?? ""
    connection.tlsCertificate = tlsCertificate ?? ""
    connection.tlsKey = tlsKey ?? ""
    connection.tlsServerName = tlsServerName ?? ""
    connection.tokenFile = tokenFile ?? ""
    return connection
  }

  /// Connects under the operator's name, and closes the client when `body` has ended.
  func withClient<Answer>(
    _ address: String, _ body: (TeacherClient) async throws -> Answer
  ) async throws -> Answer {
    let client = try await TeacherClient.connect(
      to: address, configuration: connection.configuration(name: OperatorName.current))
    let answer: Result<Answer, any Error>
    do { answer = .success(try await body(client)) } catch { answer = .failure(error) }
    await client.close()
    return try answer.get()
  }
}
