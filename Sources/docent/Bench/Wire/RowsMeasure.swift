import Neural
import StudentTraining

/// Large calls of one client, several in flight: rows a second against the bare forward pass of the same policy, policy
/// and value networks, at the same batch on one thread of this process.
struct RowsMeasure: WireMeasure {
  private static let network = BenchNetwork.middle
  private static let rowsPerCall = 256
  private static let depth = 8

  let names = ["\(network.rawValue), 1 connection x \(depth) calls of \(rowsPerCall) rows, rows/s"]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    try await BenchModel.served(Self.network, rows: Self.rowsPerCall) { model, teacher in
      let frames = model.frames
      let load = LoadGenerator(frames: frames.load, seconds: effort.seconds, replyBytesMin: frames.replyBytes)
      let pairs = try await effort.pairs("calls of \(Self.rowsPerCall) rows") {
        try await Self.bareRowsPerSecond(model.inference, seconds: effort.seconds)
      } _: {
        try await load.run(port: teacher.port, connections: 1, depth: Self.depth)
      }
      let served = pairs.map { $0.second.callsPerSecond * Double(Self.rowsPerCall) }
      return [
        BenchRow.wire(
          names[0], ratios: zip(served, pairs).map { $0 / $1.first }, unit: "x bare", target: .atLeast(0.90),
          details: [
            "bare rows/s": median(pairs.map(\.first)), "service rows/s": median(served),
            "service p50 us": median(pairs.map(\.second.p50Microseconds)),
          ])
      ]
    }
  }

  private static func bareRowsPerSecond(_ policy: InferencePolicy, seconds: Double) async throws -> Double {
    try await onOwnThread {
      let observations = network.observations(rows: rowsPerCall)
      var outputs = [Float](repeating: 0, count: rowsPerCall * policy.policy.architecture.head.parameterWidth)
      var values = [Float](repeating: 0, count: rowsPerCall)
      let workspace = Workspace()
      func pass() {
        policy.forward(observations, rows: rowsPerCall, outputs: &outputs, values: &values, workspace: workspace)
      }
      let clock = ContinuousClock()
      // Warm-up, as long as the load's.
      let warm = clock.now + .seconds(0.1)
      while clock.now < warm { pass() }
      var passes = 0
      let began = clock.now
      while clock.now - began < .seconds(seconds) {
        pass()
        passes += 1
      }
      return Double(passes * rowsPerCall) / ((clock.now - began) / .seconds(1))
    }
  }
}
