import NIOSSL
import TestSupport
import Testing

@testable import Wire

/// TLS over real sockets, with certificates that openssl made.
@Suite("A client's TLS", .timeLimit(.minutes(1)))
struct ClientTLSTests {
  let folder: TemporaryFolder
  let certificates: TestCertificates

  init() throws {
    folder = try TemporaryFolder()
    certificates = try TestCertificates(in: folder)
  }

  private func connect(to address: String, _ tls: ClientTLS?) async throws(WireStatus) -> TeacherClient {
    try await TeacherClient.connect(to: address, configuration: ClientConfiguration(token: "secret", tls: tls))
  }

  private var trusting: ClientTLS { ClientTLS(trustRoots: .file(certificates.authority)) }

  /// What connecting says, against a teacher with or without TLS that answers nothing.
  private func refusal(
    of tls: ClientTLS?, context: NIOSSLContext?, path: String? = nil
  ) async throws -> WireStatus? {
    let status = Handoff<WireStatus?>()
    try await ScriptedTeacher.run(tls: context, path: path) { session in
      // A handshake that fails ends the connection with an error.
      while (try? await session.readOrEnd()) != nil {}
    } body: { teacher in
      do {
        let client = try await connect(to: teacher.address, tls)
        await client.close()
        status.set(nil)
      } catch {
        status.set(error as? WireStatus)
      }
    }
    return await status.value
  }

  @Test(
    "A trusted server is spoken to, by its address or by a name that the client is told", arguments: [nil, "localhost"])
  func trusted(serverName: String?) async throws {
    try await ScriptedTeacher.run(tls: certificates.serverContext()) { session in
      let hello = try await session.welcome()
      #expect(hello.token == "secret")
      try await session.write(.healthReply(try await session.read().call))
      try await session.readToEnd()
    } body: { teacher in
      var tls = trusting
      tls.serverName = serverName
      let client = try await connect(to: teacher.address, tls)
      #expect(try await client.health() == .serving)
      await client.close()
    }
  }

  @Test("A client that is asked for its certificate shows it")
  func clientCertificate() async throws {
    try await ScriptedTeacher.run(tls: certificates.serverContext(asksForCertificate: true)) { session in
      try await session.welcome()
      try await session.readToEnd()
    } body: { teacher in
      var tls = trusting
      tls.identity = ClientTLS.Identity(certificate: certificates.client.certificate, key: certificates.client.key)
      let client = try await connect(to: teacher.address, tls)
      await client.close()
    }
  }

  @Test("A socket's server is known as localhost")
  func unixSocket() async throws {
    try await ScriptedTeacher.run(tls: certificates.serverContext(), path: folder.path("s")) { session in
      try await session.welcome()
      try await session.readToEnd()
    } body: { teacher in
      let client = try await connect(to: teacher.address, trusting)
      await client.close()
    }
  }

  @Test("A handshake that fails says which option helps")
  func failures() async throws {
    let server = try certificates.serverContext()
    var named = trusting
    named.serverName = "localhost"
    let elsewhere = try certificates.serverContext(isElsewhere: true)
    let rows: [(tls: ClientTLS?, context: NIOSSLContext?, words: [String])] = [
      (ClientTLS(), server, ["not trusted", "--tls-ca FILE"]),
      (trusting, elsewhere, ["another name", "--tls-server-name"]),
      (named, elsewhere, ["another name", "--tls-server-name"]),
      (trusting, nil, ["may speak no TLS"]),
      (nil, server, ["one that wants TLS (--tls)"]),
      (trusting, try certificates.serverContext(asksForCertificate: true), ["--tls-certificate and --tls-key"]),
    ]
    for (tls, context, words) in rows {
      let status = try await refusal(of: tls, context: context)
      #expect(status?.code == (tls == nil ? .internalError : .unavailable), "\(words)")
      for word in words { #expect(status?.message.contains(word) == true, "\(status?.message ?? "connected")") }
      #expect(status?.message.contains(".cc:") == false, "\(status?.message ?? "")")
    }
  }

  @Test("Files and names that cannot be used are refused before anything is sent")
  func unusable() async throws {
    let unreadable = folder.path("nothing.pem")
    let rows: [(ClientTLS, String)] = [
      (ClientTLS(trustRoots: .file(unreadable)), unreadable),
      (ClientTLS(trustRoots: .file(certificates.client.key)), certificates.client.key),
      (
        ClientTLS(identity: ClientTLS.Identity(certificate: certificates.client.certificate, key: unreadable)),
        unreadable
      ),
      (
        ClientTLS(
          identity: ClientTLS.Identity(certificate: certificates.client.certificate, key: certificates.server.key)),
        "expected a key of its certificate"
      ),
      (ClientTLS(serverName: "127.0.0.1"), "'127.0.0.1', expected a host's name"),
    ]
    for (tls, words) in rows {
      let status = await #expect(throws: WireStatus.self) { try await connect(to: "127.0.0.1:9", tls) }
      #expect(status?.code == .invalidArgument && status?.message.contains(words) == true, "\(status?.message ?? "")")
    }
  }
}
