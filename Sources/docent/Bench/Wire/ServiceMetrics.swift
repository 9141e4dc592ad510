import CLoad
import StudentTraining
import SystemPackage

/// What a teacher service that was started with `--metrics` and `--json` counts of itself.
struct ServiceMetrics: Sendable {
  private static let prefix = "docent_teacher_"
  private let samples: [(name: Substring, value: Double)]

  static func read(from service: ServiceProcess) async throws -> ServiceMetrics {
    guard let port = service.metricsPort else {
      throw BenchFailure("the service did not say where its metrics are, expected --metrics and --json")
    }
    return ServiceMetrics(try await onOwnThread { try page(port: port) })
  }

  /// - Parameter text: of Prometheus' exposition format, and whatever stands before it.
  init(_ text: String) {
    samples = text.split(whereSeparator: \.isNewline).compactMap { line in
      guard line.hasPrefix(Self.prefix), let space = line.lastIndex(of: " "),
        let value = Double(line[line.index(after: space)...])
      else { return nil }
      return (line[..<space].dropFirst(Self.prefix.count), value)
    }
  }

  /// The sum over all series of a name, without its prefix.
  func sum(_ name: String) -> Double {
    samples.reduce(0) { $1.name.prefix { $0 != "{" } == name ? $0 + $1.value : $0 }
  }

  private static func page(port: UInt16) throws -> String {
    let descriptor = cload_connect(port)
    if descriptor < 0 { throw Errno(rawValue: -descriptor) }
    defer { cload_close(descriptor) }
    let request = Array("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8)
    let code = cload_send(descriptor, request, request.count)
    if code < 0 { throw Errno(rawValue: -code) }
    var page: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = cload_receive(descriptor, &chunk, chunk.count, 5000)
      if count < 0 { throw Errno(rawValue: Int32(-count)) }
      if count == 0 { break }
      page += chunk[..<Int(count)]
    }
    let text = String(decoding: page, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.1 200 ") else {
      throw BenchFailure("the metrics were answered with '\(text.prefix { !$0.isNewline })'")
    }
    return text
  }
}
