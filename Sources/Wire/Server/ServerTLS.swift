import NIOCore
import NIOSSL
import Synchronization

/// What a server's TCP connections are secured with: TLS 1.2 or newer.
///
/// Certificates are read again by ``reload()``; connections that are open keep what they began with.
public final class ServerTLS: Sendable {
  /// PEM files.
  public struct Files: Hashable, Sendable {
    /// The server's certificate, and those that lead to its root.
    public var certificate: String
    public var key: String
    /// Roots of the certificates that clients must show; nil: they show none.
    public var clientRoots: String?

    public init(certificate: String, key: String, clientRoots: String? = nil) {
      self.certificate = certificate
      self.key = key
      self.clientRoots = clientRoots
    }
  }

  public let files: Files
  private let context: Mutex<NIOSSLContext>

  /// - Throws: ``WireStatus`` INVALID_ARGUMENT where a file cannot be read or used.
  public init(_ files: Files) throws(WireStatus) {
    self.files = files
    context = Mutex(try Self.context(files))
  }

  /// Reads the files again: new connections begin with what they hold now.
  ///
  /// - Throws: as `init`; what was used before is used on.
  public func reload() throws(WireStatus) {
    let new = try Self.context(files)
    context.withLock { $0 = new }
  }

  func handler() -> NIOSSLServerHandler {
    NIOSSLServerHandler(context: context.withLock { $0 })
  }

  private static func context(_ files: Files) throws(WireStatus) -> NIOSSLContext {
    let chain = try read("certificate", files.certificate) { try NIOSSLCertificate.fromPEMFile($0) }
    guard !chain.isEmpty else {
      throw WireStatus(.invalidArgument, "\(files.certificate) holds no certificate, expected PEM")
    }
    let key = try read("key", files.key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    // A connection that is cut off waits so long for the peer's goodbye: a drain's bound is to mean something.
    configuration.shutdownTimeout = .seconds(1)
    if let roots = files.clientRoots {
      configuration.trustRoots = .certificates(
        try read("client roots", roots) { try NIOSSLCertificate.fromPEMFile($0) })
      configuration.certificateVerification = .noHostnameVerification
    }
    return try read("certificate and key", "\(files.certificate), \(files.key)") { _ in
      try NIOSSLContext(configuration: configuration)
    }
  }

  private static func read<Value>(
    _ what: String, _ path: String, _ body: (String) throws -> Value
  ) throws(WireStatus) -> Value {
    do {
      return try body(path)
    } catch {
      throw WireStatus(.invalidArgument, "the TLS \(what) cannot be used (\(path)): \(error)")
    }
  }
}
