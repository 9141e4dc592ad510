import Console

/// Rollouts measured on a real service: what they cost its clients, what their shares and leases keep to, and how soon
/// they are ended where the candidate is bad.
struct RolloutBench {
  var effort = WireEffort(bench: "rollout", pairs: 10)
  /// Only rows whose names contain this; empty: all of them.
  var only = ""

  static let measures: [any WireMeasure] = [
    SwapMeasure(),
    ShareMeasure(),
    LeaseMeasure(),
    DivergenceMeasure(),
    ReturnsMeasure(),
    IdenticalMeasure(),
    ShadowMeasure(connections: 64, depth: 1),
    ShadowMeasure(connections: 16, depth: 32),
    PublishMeasure(),
  ]

  /// Every row's name.
  static var names: [String] { measures.flatMap(\.names) }

  func run(results: ResultPrinter) async throws {
    try await Self.measures.run(effort, only: only, results)
  }
}

extension BenchRow {
  /// A row of `docent bench rollout`.
  static func rollout(
    _ name: String, _ value: Double, unit: String, target: Target? = nil, details: [String: Double] = [:]
  ) -> BenchRow {
    BenchRow(bench: "rollout", name: name, value: value, unit: unit, target: target, details: details)
  }

  /// The median of ratios, and their extremes among the details.
  static func rollout(
    _ name: String, ratios: [Double], unit: String, target: Target? = nil, details: [String: Double] = [:]
  ) -> BenchRow {
    rollout(name, median(ratios), unit: unit, target: target, details: details.withExtremes(of: ratios))
  }
}
