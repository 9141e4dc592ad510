import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Wire

/// Who may listen in, and who may come in, with the service's certificates on its TCP port.
@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  private let folder: TemporaryFolder
  private let registry: String

  init() async throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    try await makeCertificate("server", name: "localhost")
  }

  private func openssl(_ arguments: String...) async throws {
    let result = try await Subprocess.run(
      .path("/usr/bin/openssl"), arguments: Arguments(arguments), output: .discarded, error: .string(limit: 1 << 16))
    guard case .exited(0) = result.terminationStatus else { throw Failure(description: result.standardError) }
  }

  private struct Failure: Error, CustomStringConvertible { let description: String }

  /// Makes `NAME.pem` and `NAME.key`, signed by itself.
  private func makeCertificate(_ file: String, name: String) async throws {
    try await openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
      "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", folder.path("\(file).key"),
      "-out", folder.path("\(file).pem"))
  }

  private var arguments: [String] {
    ["--tls-certificate", folder.path("server.pem"), "--tls-key", folder.path("server.key")]
  }

  /// A client's side of TLS, which trusts `server.pem` as it is now.
  private func client(
    _ change: (inout TLSConfiguration) -> Void = { _ in }
  ) throws -> @Sendable (any Channel) throws -> Void {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(folder.path("server.pem")))
    change(&configuration)
    let context = try NIOSSLContext(configuration: configuration)
    return { channel in
      try channel.pipeline.syncOperations.addHandler(
        try NIOSSLClientHandler(context: context, serverHostname: "localhost"))
    }
  }

  private static let plain: @Sendable (any Channel) throws -> Void = { _ in }
  private static let query = V1.Body.infer(
    V1.InferRequest(model: "cartpole", rows: 1, observations: [UInt8](repeating: 0, count: 16)))

  private func isAnswered(_ session: RawSession, _ call: UInt32) async throws -> Bool {
    if case .inferReply = try await session.ask(call, Self.query) { true } else { false }
  }

  /// Whether a client of this kind is let in and answered.
  private func isServed(
    _ teacher: RunningTeacher, _ prepare: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> Bool {
    guard let session = try? await RawSession.greet(try teacher.socketAddress, prepare: prepare) else { return false }
    guard case .welcome = await session.next()?.body else { return false }
    return (try? await isAnswered(session, 1)) == true
  }

  @Test("TLS 1.2 and 1.3 are served; 1.1, a wrong root, and plain bytes are not, with a line in the log each")
  func versions() async throws {
    try await makeCertificate("other", name: "localhost")
    let ended = try await RunningTeacher.serve(registry: registry, arguments: arguments) { teacher in
      let twelve = try client { $0.maximumTLSVersion = .tlsv12 }
      #expect(try await isServed(teacher, twelve))
      let thirteen = try client { $0.minimumTLSVersion = .tlsv13 }
      #expect(try await isServed(teacher, thirteen))
      let old = try client {
        $0.minimumTLSVersion = .tlsv1
        $0.maximumTLSVersion = .tlsv11
      }
      #expect(try await !isServed(teacher, old))
      let distrustful = try client {
        $0.trustRoots = (try? NIOSSLCertificate.fromPEMFile(folder.path("other.pem"))).map { .certificates($0) }
      }
      #expect(try await !isServed(teacher, distrustful))
      #expect(try await !isServed(teacher, Self.plain))
      #expect(try await isServed(teacher, thirteen), "the others notice nothing")
    }
    #expect(ended.code == 0)
    let failures = ended.log.split(separator: "\n").filter { $0.contains("connection failed") }
    #expect(failures.count == 3, "\(ended.log)")
    #expect(ended.log.split(separator: "\n").count { $0.contains("connection closed") } == 6)
  }

  @Test("TLS on a plain port is closed, with one line that says what it looks like")
  func tlsOnPlainPort() async throws {
    let ended = try await RunningTeacher.serve(registry: registry) { teacher in
      let secured = try client()
      #expect(try await !isServed(teacher, secured))
      #expect(try await isServed(teacher, Self.plain))
    }
    #expect(ended.code == 0)
    #expect(ended.log.split(separator: "\n").count { $0.contains("looks like TLS") } == 1, "\(ended.log)")
  }

  @Test("SIGHUP reads new certificates; who is connected stays so. Files that cannot be used change nothing")
  func reload() async throws {
    let ended = try await RunningTeacher.serve(registry: registry, arguments: arguments) { teacher in
      let before = try client()
      let session = try await RawSession.greet(try teacher.socketAddress, prepare: before)
      _ = await session.next()
      #expect(try await isAnswered(session, 1))

      try await makeCertificate("server", name: "localhost")
      let after = try client()
      #expect(try await isServed(teacher, before))
      #expect(try await !isServed(teacher, after))
      teacher.send(SIGHUP)
      while try await !isServed(teacher, after) { try Task.checkCancellation() }
      #expect(try await !isServed(teacher, before))
      #expect(try await isAnswered(session, 2))

      try Data("no certificate".utf8).write(to: folder.url.appending(path: "server.pem"))
      teacher.send(SIGHUP)
      #expect(try await isServed(teacher, after))
      #expect(try await isAnswered(session, 3))
    }
    #expect(ended.code == 0)
    #expect(ended.log.contains("certificates read again"), "\(ended.log)")
    #expect(ended.log.contains("certificates stay as they were") && ended.log.contains("server.pem"), "\(ended.log)")
  }

  @Test("Where client certificates are wanted, who shows none or a stranger's is not let in")
  func clientCertificates() async throws {
    for name in ["client", "stranger"] { try await makeCertificate(name, name: name) }
    let wanted = arguments + ["--tls-client-ca", folder.path("client.pem")]
    let ended = try await RunningTeacher.serve(registry: registry, arguments: wanted) { teacher in
      func showing(_ name: String) throws -> @Sendable (any Channel) throws -> Void {
        let certificate = try NIOSSLCertificate.fromPEMFile(folder.path("\(name).pem"))
        let key = try NIOSSLPrivateKey(file: folder.path("\(name).key"), format: .pem)
        return try client {
          $0.certificateChain = certificate.map { .certificate($0) }
          $0.privateKey = .privateKey(key)
        }
      }
      let (known, nobody, stranger) = (try showing("client"), try client(), try showing("stranger"))
      #expect(try await isServed(teacher, known))
      #expect(try await !isServed(teacher, nobody))
      #expect(try await !isServed(teacher, stranger))
    }
    #expect(ended.code == 0)
    #expect(ended.log.split(separator: "\n").count { $0.contains("connection failed") } == 2, "\(ended.log)")
  }

  @Test("Certificates that cannot be used are said at the start, and nothing listens")
  func unusable() async throws {
    for (certificate, key, says) in [
      ("none.pem", "server.key", "none.pem"), ("server.pem", "none.key", "none.key"),
    ] {
      let outcome = try await Program.teacher.run([
        "serve", "--registry", registry, "--listen", "127.0.0.1:0", "--tls-certificate", folder.path(certificate),
        "--tls-key", folder.path(key),
      ])
      #expect(outcome.code == 1 && outcome.output.isEmpty && outcome.errors.contains(says), "\(outcome.errors)")
    }
    let alone = try await Program.teacher.run([
      "serve", "--registry", registry, "--tls-certificate", folder.path("server.pem"),
    ])
    #expect(alone.code == 2 && alone.errors.contains("--tls-key"))
  }
}
