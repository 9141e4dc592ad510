import Foundation
import NIOSSL
import TestSupport

/// An authority, a server's certificate for `localhost` and 127.0.0.1, and a client's; made by openssl for one test.
struct TestCertificates {
  let authority: String
  let server: (certificate: String, key: String)
  /// Another server's, at teacher.example.org.
  let elsewhere: (certificate: String, key: String)
  let client: (certificate: String, key: String)

  init(in folder: TemporaryFolder) throws {
    func make(_ name: String, _ arguments: [String]) throws -> (certificate: String, key: String) {
      let files = (certificate: folder.path("\(name).pem"), key: folder.path("\(name).key"))
      let openssl = Process()
      openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      openssl.arguments =
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", "/CN=\(name)", "-out", files.certificate, "-keyout", files.key] + arguments
      openssl.standardError = FileHandle.nullDevice
      try openssl.run()
      openssl.waitUntilExit()
      guard openssl.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
      return files
    }
    let authority = try make("authority", [])
    self.authority = authority.certificate
    let signed = ["-CA", authority.certificate, "-CAkey", authority.key, "-addext", "basicConstraints=CA:FALSE"]
    server = try make("server", signed + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
    elsewhere = try make("elsewhere", signed + ["-addext", "subjectAltName=DNS:teacher.example.org"])
    client = try make("client", signed)
  }

  /// What the server speaks TLS with.
  /// - Parameter asksForCertificate: of the client, signed by the authority.
  func serverContext(isElsewhere: Bool = false, asksForCertificate: Bool = false) throws -> NIOSSLContext {
    let server = isElsewhere ? elsewhere : server
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(server.certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: server.key, format: .pem)))
    if asksForCertificate {
      configuration.trustRoots = .file(authority)
      configuration.certificateVerification = .noHostnameVerification
    }
    return try NIOSSLContext(configuration: configuration)
  }
}
