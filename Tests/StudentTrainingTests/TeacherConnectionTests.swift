import Foundation
import StudentTraining
import TestSupport
import Testing
import Wire

@Suite("How a service is reached")
struct TeacherConnectionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func connection(tokenFile text: String? = nil) throws -> TeacherConnection {
    var connection = TeacherConnection()
    guard let text else { return connection }
    connection.tokenFile = folder.path("token")
    try Data(text.utf8).write(to: folder.url.appending(path: "token"))
    return connection
  }

  @Test("The token is the environment's, or what a file says without its newline; without either there is none")
  func token() throws {
    let environment = ["DOCENT_TOKEN": "of-the-environment"]
    #expect(try connection().configuration(environment: [:]).token.isEmpty)
    #expect(try connection().configuration(environment: environment).token == "of-the-environment")
    #expect(try connection(tokenFile: "of-the-file\n").configuration(environment: environment).token == "of-the-file")
  }

  @Test("A file that is no token's is refused by its name, not by what is in it", arguments: ["", "\n", "two words\n"])
  func badToken(text: String) throws {
    let connection = try connection(tokenFile: text)
    let status = #expect(throws: WireStatus.self) { try connection.configuration(environment: [:]) }
    #expect(status?.code == .invalidArgument && status?.message.contains(connection.tokenFile) == true)
    #expect(status?.message.contains("words") == false)
  }

  @Test("A token's file that is not there is refused")
  func missingToken() throws {
    var connection = try connection()
    connection.tokenFile = folder.path("nothing")
    let status = #expect(throws: WireStatus.self) { try connection.configuration(environment: [:]) }
    #expect(status?.message.contains(connection.tokenFile) == true)
  }

  @Test("TLS is off unless something of it is said")
  func tls() throws {
    #expect(try connection().configuration(environment: [:]).tls == nil)
    var plain = try connection()
    plain.tls = true
    #expect(try plain.configuration(environment: [:]).tls == ClientTLS())
    var all = try connection()
    all.tlsCa = "ca.pem"
    all.tlsCertificate = "c.pem"
    all.tlsKey = "c.key"
    all.tlsServerName = "t"
    #expect(
      try all.configuration(environment: [:]).tls
        == ClientTLS(
          trustRoots: .file("ca.pem"), identity: ClientTLS.Identity(certificate: "c.pem", key: "c.key"),
          serverName: "t"))
    all.tlsKey = ""
    #expect(throws: WireStatus.self) { try all.configuration(environment: [:]) }
  }
}
