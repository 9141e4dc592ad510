import Console

/// A part of `docent bench wire` or `docent bench rollout`: one question, with service processes of its own to answer it.
protocol WireMeasure: Sendable {
  /// What is measured, in words; `--only` looks for its words here.
  var names: [String] { get }

  /// A row for each name, in the same order.
  func rows(_ effort: WireEffort) async throws -> [BenchRow]
}

extension [any WireMeasure] {
  /// Measures, and prints the rows whose names contain `only`.
  func run(_ effort: WireEffort, only: String, _ results: ResultPrinter) async throws {
    func isWanted(_ name: String) -> Bool { only.isEmpty || name.contains(only) }
    for measure in self where measure.names.contains(where: isWanted) {
      for row in try await measure.rows(effort) where isWanted(row.name) { try results.print(row) }
    }
  }
}

/// How much is measured.
struct WireEffort: Sendable {
  /// Which benchmark it is, for the progress.
  var bench = "wire"
  /// Pairs of measurements behind each ratio.
  var pairs = 10
  /// How long each measurement counts.
  var seconds = 0.5
  /// Starts behind the time from exec to ready.
  var starts = 5

  /// Measures in turns: the machine's speed changes from second to second, so only neighbours are compared.
  ///
  /// - Parameter name: for the progress.
  func pairs<First, Second>(
    _ name: String, _ first: () async throws -> First, _ second: () async throws -> Second
  ) async throws -> [(first: First, second: Second)] {
    let progress = ProgressDisplay("bench \(bench), \(name)", unit: "pairs")
    defer { progress.finish() }
    var measured: [(First, Second)] = []
    for pair in 0..<pairs {
      let one = try await first()
      measured.append((one, try await second()))
      progress.update(ProgressState(done: pair + 1, total: pairs))
    }
    return measured
  }
}

extension BenchRow {
  /// A row of `docent bench wire`: the median of ratios, and their extremes among the details.
  static func wire(
    _ name: String, ratios: [Double], unit: String, target: Target, details: [String: Double] = [:]
  ) -> BenchRow {
    BenchRow(
      bench: "wire", name: name, value: median(ratios), unit: unit, target: target,
      details: details.withExtremes(of: ratios))
  }
}

extension [String: Double] {
  /// These details, and between which values the median is.
  func withExtremes(of ratios: [Double]) -> [String: Double] {
    merging(["least": ratios.min(), "most": ratios.max()].compactMapValues { $0 }) { $1 }
  }
}

extension [LoadGenerator.Measurement] {
  /// Medians, under names that begin with `prefix`.
  func details(_ prefix: String) -> [String: Double] {
    [
      "\(prefix) calls/s": median(map(\.callsPerSecond)), "\(prefix) p50 us": median(map(\.p50Microseconds)),
      "\(prefix) p99 us": median(map(\.p99Microseconds)),
    ]
  }
}
