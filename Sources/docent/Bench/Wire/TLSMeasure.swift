import NIOSSL
import Subprocess

/// What TLS costs: calls a second of the same load with and without it, of two services of the same registry, in turns.
///
/// The C load speaks no TLS, so the load is one of NIO's on one thread. It pays for TLS as the service does, and is the
/// slower end: the details say how far it is from the C load.
struct TLSMeasure: WireMeasure {
  private static let connections = 16
  private static let depth = 32

  let names = ["\(BenchNetwork.small.rawValue), \(connections) connections x \(depth) with TLS, calls/s"]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    try await withTemporaryFolder { folder in
      let certificate = try await TestCertificate.make(in: folder)
      let secure = ["--tls-certificate", certificate.path, "--tls-key", certificate.keyPath]
      return try await BenchModel.served(.small) { model, plain in
        try await model.withTeacher(arguments: secure) { secured in
          let load = NIOLoad(frames: model.frames.load, seconds: effort.seconds)
          let context = try certificate.clientContext()
          let pairs = try await effort.pairs("TLS") {
            try await load.run(port: plain.port, connections: Self.connections, depth: Self.depth, tls: nil)
          } _: {
            try await load.run(port: secured.port, connections: Self.connections, depth: Self.depth, tls: context)
          }
          let yardstick = LoadGenerator(frames: model.frames.load, seconds: effort.seconds)
          let lean = try await yardstick.run(port: plain.port, connections: Self.connections, depth: Self.depth)
          let without = median(pairs.map(\.first))
          return [
            BenchRow.wire(
              names[0], ratios: pairs.map { $0.second / $0.first }, unit: "x plain", target: .atLeast(0.5),
              details: [
                "plain calls/s": without, "TLS calls/s": median(pairs.map(\.second)),
                "plain calls/s of this load, x the C load's": without / lean.callsPerSecond,
              ])
          ]
        }
      }
    }
  }
}

/// A certificate for 127.0.0.1 that signs itself, made by `openssl` for one run.
struct TestCertificate: Sendable {
  let path, keyPath: String

  static func make(in folder: String) async throws -> TestCertificate {
    let certificate = TestCertificate(path: "\(folder)/certificate.pem", keyPath: "\(folder)/key.pem")
    let arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=docent bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate.keyPath, "-out",
      certificate.path,
    ]
    let made = try await Subprocess.run(
      .name("openssl"), arguments: Arguments(arguments), output: .discarded, error: .string(limit: 1 << 16))
    guard made.terminationStatus.isSuccess else {
      throw BenchFailure("openssl made no certificate: \(made.standardError)")
    }
    return certificate
  }

  /// A client that trusts this certificate and no other.
  func clientContext() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
    return try NIOSSLContext(configuration: configuration)
  }
}
