import NIOCore
import NIOSSL

/// How a client's connections are encrypted, whom they trust, and who they say they are. TLS 1.2 or newer.
public struct ClientTLS: Hashable, Sendable {
  /// Whose signature under a server's certificate is believed.
  public enum TrustRoots: Hashable, Sendable {
    /// The authorities that the system trusts.
    case system
    /// Those of a PEM file, and no others: what a server with a certificate of its own making asks for.
    case file(String)
  }

  /// A client's own certificate: PEM files. The certificate's file may go on with the authorities between it and the
  /// root.
  public struct Identity: Hashable, Sendable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public var trustRoots: TrustRoots
  /// For servers that ask for a client's certificate.
  public var identity: Identity?
  /// The name that the server's certificate must have; nil for the address's host.
  public var serverName: String?

  public init(trustRoots: TrustRoots = .system, identity: Identity? = nil, serverName: String? = nil) {
    self.trustRoots = trustRoots
    self.identity = identity
    self.serverName = serverName
  }

  /// Reads the files.
  ///
  /// - Throws: ``WireStatus`` INVALID_ARGUMENT for a file, or a server name, that cannot be used.
  func context(for address: TeacherAddress) throws(WireStatus) -> NIOSSLContext {
    let context = try contextOfFiles()
    _ = try handler(context, for: address)
    return context
  }

  private func contextOfFiles() throws(WireStatus) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    if case .file(let path) = trustRoots {
      let roots = try Self.read(path, "PEM certificates to trust") { try NIOSSLCertificate.fromPEMFile(path) }
      configuration.trustRoots = .certificates(roots)
    }
    if let identity {
      let chain = try Self.read(identity.certificate, "a client's PEM certificate") {
        try NIOSSLCertificate.fromPEMFile(identity.certificate)
      }
      let key = try Self.read(identity.key, "a certificate's PEM key") {
        try NIOSSLPrivateKey(file: identity.key, format: .pem)
      }
      configuration.certificateChain = chain.map { .certificate($0) }
      configuration.privateKey = .privateKey(key)
    }
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      let files = identity.map { " of \($0.certificate) and \($0.key)" } ?? ""
      throw WireStatus(
        .invalidArgument, "the TLS configuration\(files) cannot be used (\(error)); expected a key of its certificate")
    }
  }

  private static func read<Value>(
    _ path: String, _ what: String, _ body: () throws -> Value
  ) throws(WireStatus) -> Value {
    do {
      return try body()
    } catch {
      throw WireStatus(.invalidArgument, "\(path) cannot be read as \(what): it is not there, or no PEM (\(error))")
    }
  }

  /// - Parameter address: that the connection goes to.
  /// - Throws: ``WireStatus`` INVALID_ARGUMENT for a server name that no certificate has.
  func handler(_ context: NIOSSLContext, for address: TeacherAddress) throws(WireStatus) -> NIOSSLClientHandler {
    do {
      return try NIOSSLClientHandler(context: context, serverHostname: serverName ?? address.serverName)
    } catch {
      throw WireStatus(
        .invalidArgument, "TLS server name '\(serverName ?? address.description)', expected a host's name (\(error))")
    }
  }
}

/// What a TLS connection that failed is in words, and which option helps.
func describeTLS(_ error: any Error) -> String? {
  if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
    return "its certificate is for another name (\(error)): --tls-server-name says which name to expect"
  }
  switch error {
  case NIOSSLError.handshakeFailed(let cause), let cause as BoringSSLError: return words(of: cause)
  case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate: return untrusted
  case NIOSSLError.uncleanShutdown: return "it was closed at the other end without TLS's goodbye"
  case is NIOSSLError: return "TLS failed: \(error)"
  default: return nil
  }
}

private let untrusted =
  "its certificate is not trusted: --tls-ca FILE names the authority that signed it, and it may have expired"

private func words(of cause: BoringSSLError) -> String {
  let text = cause.names
  func has(_ names: String...) -> Bool { names.contains { text.contains($0) } }
  if has("CERTIFICATE_VERIFY_FAILED") { return untrusted }
  if has("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN") {
    return
      "it refused this client's certificate, or the lack of one: --tls-certificate and --tls-key name one (\(text))"
  }
  if has("WRONG_VERSION_NUMBER", "EOF during handshake", "HTTP_REQUEST", "UNEXPECTED_MESSAGE") {
    return "the TLS handshake failed: the server there may speak no TLS (\(text))"
  }
  return "the TLS handshake failed (\(text))"
}
