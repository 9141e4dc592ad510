import Console

/// The teacher service measured: against a raw epoll echo that answers frames of the same sizes, against its own network
/// without a service around it, and against itself under another load.
struct WireBench {
  var effort = WireEffort()
  /// Only rows whose names contain this; empty: all of them.
  var only = ""

  static let measures: [any WireMeasure] = [
    RestMeasure(),
    ShapeMeasure(connections: 64, depth: 1, [(.callsPerSecond, .atLeast(0.68))]),
    ShapeMeasure(connections: 16, depth: 32, [(.callsPerSecond, .atLeast(0.33))]),
    ShapeMeasure(connections: 1, depth: 1, [(.p50, .atMost(1.2))]),
    ShapeMeasure(connections: 512, depth: 1, [(.callsPerSecond, .atLeast(0.55)), (.p99, .atMost(2.5))]),
    RowsMeasure(),
    BatchMeasure(),
    FairnessMeasure(network: .small),
    FairnessMeasure(network: .large),
    DeadlineMeasure(),
    TLSMeasure(),
    IdleMeasure(),
  ]

  /// Every row's name.
  static var names: [String] { measures.flatMap(\.names) }

  func run(results: ResultPrinter) async throws {
    try await Self.measures.run(effort, only: only, results)
  }
}
