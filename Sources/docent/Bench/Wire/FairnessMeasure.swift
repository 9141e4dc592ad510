/// What a client with a thousand calls in flight does to one that asks one at a time: its p50 against what it is alone,
/// in turns.
struct FairnessMeasure: WireMeasure {
  let network: BenchNetwork
  private static let depth = 1000

  var names: [String] { ["\(network.rawValue), 1 x 1 beside a connection \(Self.depth) deep, p50"] }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    try await BenchModel.served(network) { model, teacher in
      let frames = model.frames
      let shallow = LoadGenerator(frames: frames.load, seconds: effort.seconds, replyBytesMin: frames.replyBytes)
      // The deep load is there before the other begins, and still there when it has ended.
      let lead = Duration.seconds(0.1)
      let deep = LoadGenerator(
        frames: frames.load, seconds: shallow.warmupSeconds + shallow.seconds + 3 * (lead / .seconds(1)),
        replyBytesMin: frames.replyBytes)
      let pairs = try await effort.pairs("fairness, \(network.rawValue)") {
        try await shallow.run(port: teacher.port, connections: 1, depth: 1)
      } _: {
        async let crowd = deep.run(port: teacher.port, connections: 1, depth: Self.depth)
        try await Task.sleep(for: lead)
        let beside = try await shallow.run(port: teacher.port, connections: 1, depth: 1)
        return (beside: beside, crowd: try await crowd)
      }
      var details = pairs.map(\.first).details("alone").merging(pairs.map(\.second.beside).details("beside")) { $1 }
      details["deep calls/s"] = median(pairs.map(\.second.crowd.callsPerSecond))
      return [
        BenchRow.wire(
          names[0], ratios: pairs.map { $0.second.beside.p50Microseconds / $0.first.p50Microseconds },
          unit: "x alone", target: .atMost(4), details: details)
      ]
    }
  }
}
