internal import Neural

/// One network at one batch size, on one thread: ours against OpenBLAS.
struct InferenceBenchRow: Codable, Sendable {
  var network: String
  var batch: Int
  var kernels: String
  /// Medians of one forward pass, in microseconds.
  var microseconds: Double
  var openBLASMicroseconds: Double
  /// OpenBLAS's time over ours, the median of interleaved pairs: above 1, ours is the faster.
  var ratio: Double
  var gigaflops: Double
}

/// Forward passes of the policy network alone (tanh, no value trunk) against OpenBLAS's sgemm, or sgemv for one row.
///
/// OpenBLAS runs on one thread, with the weights in whichever of the two orders it is faster with, the bias copied
/// beforehand, and our own tanh. Both sides compute the same network, which is checked before they are timed.
enum InferenceBench {
  static func run() throws -> [InferenceBenchRow] {
    let blas = try OpenBLAS()
    return try [(4, [64, 64], 2), (376, [512, 512], 17)].flatMap { inputs, hidden, outputs in
      try [1, 32, 256].map { rows in
        try measure(inputs: inputs, hidden: hidden, outputs: outputs, rows: rows, blas: blas)
      }
    }
  }

  struct Disagreement: Error, CustomStringConvertible {
    let description: String
  }

  private static func measure(
    inputs: Int, hidden: [Int], outputs: Int, rows: Int, blas: OpenBLAS
  ) throws -> InferenceBenchRow {
    let architecture = try PolicyArchitecture(
      environment: "bench", observationWidth: inputs, head: .categorical(actions: outputs), policyHidden: hidden,
      hasValue: false)
    let policy = TrainableNetwork(architecture: architecture, seed: 1).policy
    let ours = InferencePolicy(policy)
    let workspace = Workspace()
    let observations = (0..<rows * inputs).map { Float(($0 * 7919) % 2003) / 1001 - 1 }
    var results = [Float](repeating: 0, count: rows * outputs)
    var values = [Float](repeating: 0, count: rows)
    let rivals = [false, true].map {
      OpenBLASNetwork(policy, rows: rows, readsTransposed: $0, blas: blas)
    }

    func runOurs() { ours.forward(observations, rows: rows, outputs: &results, values: &values, workspace: workspace) }
    runOurs()
    for rival in rivals {
      rival.forward(observations, rows: rows)
      let error = zip(rival.outputs, results).reduce(0) { max($0, abs($1.0 - $1.1)) }
      guard error < 1e-5 else { throw Disagreement(description: "OpenBLAS's results differ from ours by \(error)") }
    }
    // Enough passes for about a millisecond a sample.
    let passes = max(1, Int(2e7) / (ours.flopsPerRow * rows + 10_000))
    let times = rivals.map { rival in
      median((0..<5).map { _ in time(passes) { rival.forward(observations, rows: rows) } })
    }
    let rival = times[0] <= times[1] ? rivals[0] : rivals[1]
    let pairs = (0..<41).map { index in
      if index % 2 == 0 {
        let mine = time(passes, runOurs)
        return (mine, time(passes) { rival.forward(observations, rows: rows) })
      }
      let other = time(passes) { rival.forward(observations, rows: rows) }
      return (time(passes, runOurs), other)
    }
    let mine = median(pairs.map(\.0))
    return InferenceBenchRow(
      network: ([inputs] + hidden + [outputs]).map(String.init).joined(separator: "-"), batch: rows,
      kernels: ours.kernels.rawValue, microseconds: mine * 1e6, openBLASMicroseconds: median(pairs.map(\.1)) * 1e6,
      ratio: median(pairs.map { $0.1 / $0.0 }), gigaflops: Double(ours.flopsPerRow * rows) / mine / 1e9)
  }

  /// Seconds of one pass.
  private static func time(_ passes: Int, _ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    let elapsed = clock.measure { for _ in 0..<passes { body() } }
    return (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18) / Double(passes)
  }

  private static func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }
}
