extension StepEvidence {
  /// Sampled rows of one unit that both versions computed. A unit's rows together are one observation, made when it is
  /// reported, 10 s after its last row, or a minute after its first one (sooner where the plan gives episodes up
  /// sooner).
  public mutating func add(_ divergence: UnitDivergence, at seconds: Double) {
    pass(to: seconds)
    guard divergence.rows > 0 else { return }
    guard divergences.isOpen(divergence.unit) || divergences.count < Self.openUnitsMax else {
      uncounted += 1
      return
    }
    divergences.add(divergence, at: nowSeconds)
  }

  /// The time that either version took for the same rows.
  public mutating func addLatency(candidateNanoseconds: Double, stableNanoseconds: Double) {
    guard candidateNanoseconds >= 0, stableNanoseconds > 0 else { return }
    for index in tests.indices where tests[index].gate.metric == .latency {
      tests[index].add(candidateNanoseconds > tests[index].gate.threshold * stableNanoseconds ? 1 : 0)
    }
  }

  mutating func observe(_ unit: UnitDivergence) {
    let rows = Double(unit.rows)
    for index in tests.indices {
      switch tests[index].gate.metric {
      case .kl: tests[index].add(unit.kl / rows)
      case .agreement: tests[index].add(unit.agreement / rows)
      case .value: tests[index].add(unit.value / rows)
      case .errors: tests[index].add(unit.errors / rows)
      case .latency, .returns: break
      }
    }
  }
}
