/// CartPole's network under a number of connections, each with a number of calls in flight: against a raw epoll echo
/// that answers frames of the same sizes under the same load.
struct ShapeMeasure: WireMeasure {
  enum Figure: String, Sendable {
    case callsPerSecond = "calls/s"
    case p50, p99

    func value(of measured: LoadGenerator.Measurement) -> Double {
      switch self {
      case .callsPerSecond: measured.callsPerSecond
      case .p50: measured.p50Microseconds
      case .p99: measured.p99Microseconds
      }
    }
  }

  let connections, depth: Int
  /// What the service should reach of the echo.
  let figures: [(figure: Figure, target: BenchRow.Target)]

  init(connections: Int, depth: Int, _ figures: [(Figure, BenchRow.Target)]) {
    self.connections = connections
    self.depth = depth
    self.figures = figures.map { ($0.0, $0.1) }
  }

  private var shape: String { "\(connections) connection\(connections == 1 ? "" : "s") x \(depth)" }

  var names: [String] {
    figures.map { "\(BenchNetwork.small.rawValue), \(shape), \($0.figure.rawValue)" }
  }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    try await BenchModel.served(.small) { model, teacher in
      let frames = model.frames
      let load = LoadGenerator(frames: frames.load, seconds: effort.seconds, replyBytesMin: frames.replyBytes)
      let echo = ["bench", "echo", "--reply-bytes", "\(frames.replyBytes)"]
      return try await ServiceProcess.run("docent", arguments: echo) { echo in
        let pairs = try await effort.pairs(shape) {
          try await load.run(port: echo.port, connections: connections, depth: depth)
        } _: {
          try await load.run(port: teacher.port, connections: connections, depth: depth)
        }
        let details = pairs.map(\.first).details("echo").merging(pairs.map(\.second).details("service")) { $1 }
        return zip(names, figures).map { name, wanted in
          BenchRow.wire(
            name, ratios: pairs.map { wanted.figure.value(of: $0.second) / wanted.figure.value(of: $0.first) },
            unit: "x echo", target: wanted.target, details: details)
        }
      }
    }
  }
}
