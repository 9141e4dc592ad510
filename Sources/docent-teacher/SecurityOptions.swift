import ArgumentParser
import Wire

/// Who reaches the service, and how.
struct SecurityOptions: ParsableArguments {
  @Option(help: "The server's certificate and its chain, a PEM file; with --tls-key every TCP connection is TLS 1.2+.")
  var tlsCertificate: String?

  @Option(help: "The certificate's private key, a PEM file.")
  var tlsKey: String?

  @Option(help: "Roots of the certificates that clients must show, a PEM file.")
  var tlsClientCa: String?

  @Flag(help: "Clients need a token of the registry, made by `docent tokens create`.")
  var tokens = false

  @Flag(help: "Listen beyond this machine, where anybody who reaches the port may query and publish.")
  var insecure = false

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key: expected both or neither")
    }
    guard tlsClientCa == nil || tlsCertificate != nil else {
      throw ValidationError("--tls-client-ca without --tls-certificate and --tls-key: clients show certificates in TLS")
    }
  }

  /// Only who may, gets in, and nobody listens to what they say.
  var isClosed: Bool { tlsCertificate != nil && (tokens || tlsClientCa != nil) }

  func check(_ listen: ListenAddress) throws {
    guard insecure || isClosed || listen.isLoopback else {
      throw ValidationError(
        "--listen \(listen): anybody who reaches this address could query and publish; expected a loopback address such "
          + "as 127.0.0.1:\(listen.port), or TLS (--tls-certificate, --tls-key) with --tokens or --tls-client-ca, or "
          + "--insecure")
    }
  }

  func makeTLS() throws -> ServerTLS? {
    guard let tlsCertificate, let tlsKey else { return nil }
    do throws(WireStatus) {
      return try ServerTLS(ServerTLS.Files(certificate: tlsCertificate, key: tlsKey, clientRoots: tlsClientCa))
    } catch {
      throw StartFailure(description: error.message)
    }
  }
}
