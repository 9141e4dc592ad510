import Foundation
import ModelStore
public import Wire

/// How a program reaches a teacher service: what a job says under `connection`, and a command by its options.
///
/// A token is never in here, nor on a command line, where others see it: a file's name is, or nothing, and then the token
/// is the environment's `DOCENT_TOKEN`.
public struct TeacherConnection: Codable, Hashable, Sendable {
  /// Whether the connection is encrypted; the other keys of TLS say so too.
  public var tls = false
  /// The PEM file of the authorities to trust, and no others; empty: those that the system trusts.
  public var tlsCa = ""
  /// The PEM files of a client's certificate and its key; empty: none.
  public var tlsCertificate = ""
  public var tlsKey = ""
  /// The name that the server's certificate must have; empty: the address's host.
  public var tlsServerName = ""
  /// The file that holds the token; empty: it is the environment's.
  public var tokenFile = ""
  /// Seconds that one of a training's queries may take, a restart of the service included.
  public var timeout = 300

  public init() {}

  /// The variable of the environment that holds a token.
  public static let tokenVariable = "DOCENT_TOKEN"

  var patience: Duration { .seconds(timeout) }

  /// What a client is configured with.
  ///
  /// - Parameters:
  ///   - name: for the server's log.
  ///   - environment: nil for the process's own.
  /// - Throws: `WireStatus` INVALID_ARGUMENT where a token's file cannot be used, or half a certificate is given.
  public func configuration(
    name: String = ClientConfiguration.defaults.name,
    environment: [String: String]? = nil
  ) throws(WireStatus) -> ClientConfiguration {
    ClientConfiguration(
      name: name, token: try token(environment ?? ProcessInfo.processInfo.environment), tls: try clientTLS())
  }

  private func clientTLS() throws(WireStatus) -> ClientTLS? {
    guard tls || [tlsCa, tlsCertificate, tlsKey, tlsServerName].contains(where: { !$0.isEmpty }) else { return nil }
    guard tlsCertificate.isEmpty == tlsKey.isEmpty else {
      throw WireStatus(.invalidArgument, "a client's certificate or its key is given alone; expected both or neither")
    }
    return ClientTLS(
      trustRoots: tlsCa.isEmpty ? .system : .file(tlsCa),
      identity: tlsKey.isEmpty ? nil : ClientTLS.Identity(certificate: tlsCertificate, key: tlsKey),
      serverName: tlsServerName.isEmpty ? nil : tlsServerName)
  }

  private func token(_ environment: [String: String]) throws(WireStatus) -> String {
    guard !tokenFile.isEmpty else { return environment[Self.tokenVariable] ?? "" }
    let bytes: [UInt8]
    do throws(ModelStoreError) {
      bytes = try WholeFile.read(tokenFile)
    } catch {
      throw WireStatus(.invalidArgument, "the token's file: \(error.message)")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty, !token.contains(where: \.isWhitespace) else {
      throw WireStatus(.invalidArgument, "\(tokenFile) is no token's file; expected one token and nothing else")
    }
    return token
  }
}
