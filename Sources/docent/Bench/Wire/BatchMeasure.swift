import Console
import StudentTraining

/// A large network and many clients: whether their queries are computed together, and whether some wait much longer than
/// others.
struct BatchMeasure: WireMeasure {
  private static let network = BenchNetwork.large
  private static let connections = 64

  let names = ["mean batch", "p99 against p50"].map { "\(network.rawValue), \(connections) connections x 1, \($0)" }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let arguments = ["--metrics", "127.0.0.1:0", "--json"]
    return try await BenchModel.served(Self.network, arguments: arguments) { model, teacher in
      let frames = model.frames
      let load = LoadGenerator(frames: frames.load, seconds: effort.seconds, replyBytesMin: frames.replyBytes)
      let progress = ProgressDisplay("bench wire, large network", unit: "measurements")
      defer { progress.finish() }
      var batches: [Double] = []
      var measured: [LoadGenerator.Measurement] = []
      for index in 0..<effort.pairs {
        let before = try await ServiceMetrics.read(from: teacher)
        measured.append(try await load.run(port: teacher.port, connections: Self.connections, depth: 1))
        let after = try await ServiceMetrics.read(from: teacher)
        let rows = after.sum("batch_rows_sum") - before.sum("batch_rows_sum")
        batches.append(rows / (after.sum("batch_rows_count") - before.sum("batch_rows_count")))
        progress.update(ProgressState(done: index + 1, total: effort.pairs))
      }
      return [
        BenchRow.wire(
          names[0], ratios: batches, unit: "rows", target: .atLeast(16),
          details: ["calls/s": median(measured.map(\.callsPerSecond))]),
        BenchRow.wire(
          names[1], ratios: measured.map { $0.p99Microseconds / $0.p50Microseconds }, unit: "x p50",
          target: .atMost(3), details: measured.details("service")),
      ]
    }
  }
}
