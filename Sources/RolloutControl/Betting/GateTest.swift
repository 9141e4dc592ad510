/// The test of one gate in one step, over observations in the gate's own units.
///
/// - Note: `kl` and `value` have no upper end, so a unit counts with at most 20 thresholds. Tested is the mean of what
///   is so capped. A candidate over the threshold is found to be so later; and one that is far off in less than a
///   twentieth of the units, and nowhere else, is not found at all.
struct GateTest: Hashable, Codable, Sendable {
  private static let cap = 20.0

  let gate: Gate
  /// Once passed or failed it stays so.
  private(set) var state = GateReading.State.undecided
  private let scale: UnitScale
  private var lowest: Side
  /// Only for `return`, where an observation can have two ends: the best that may be true.
  private var highest: Side?

  /// - Parameters:
  ///   - returnRange: what returns can be; needed by a gate on returns.
  ///   - alpha: the chance of either verdict being wrong.
  init(_ gate: Gate, returnRange: ReturnRange?, alpha: Double) {
    self.gate = gate
    scale =
      switch gate.metric {
      case .kl, .value: UnitScale(low: 0, high: Self.cap * gate.threshold)
      case .agreement, .errors, .latency: UnitScale(low: 0, high: 1)
      case .returns: UnitScale(low: -(returnRange?.width ?? 0), high: returnRange?.width ?? 0)
      }
    // A median is above a bound where more than half of the numbers are.
    let threshold = scale.unit(gate.metric == .latency ? 0.5 : gate.threshold)
    lowest = Side(test: MeanTest(threshold: threshold, alpha: alpha), bounds: MeanBounds(alpha: alpha))
    highest = gate.metric == .returns ? lowest : nil
  }

  mutating func add(_ value: Double) {
    add(lowest: value, highest: value)
  }

  /// An observation that is only known to lie between two ends. It passes the gate by the worse one and fails it by the
  /// better one, so that not knowing does neither. The ends differ for `return` alone.
  mutating func add(lowest low: Double, highest high: Double) {
    lowest.add(scale.unit(low))
    highest?.add(scale.unit(high))
    guard state == .undecided else { return }
    let (isAbove, isBelow) = (lowest.test.isAbove, (highest ?? lowest).test.isBelow)
    if isAbove { state = gate.relation == .above ? .passed : .failed }
    if isBelow { state = gate.relation == .below ? .passed : .failed }
  }

  func reading(note: String? = nil) -> GateReading {
    let top = highest ?? lowest
    var reading = GateReading(gate: gate, state: state, units: lowest.bounds.count, note: note)
    if let low = lowest.bounds.mean, let high = top.bounds.mean {
      reading.estimate = scale.value((low + high) / 2)
      reading.lower = scale.value(lowest.lower)
      reading.upper = scale.value(top.upper)
    }
    return reading
  }

  private struct Side: Hashable, Codable, Sendable {
    var test: MeanTest
    var bounds: MeanBounds

    mutating func add(_ x: Double) {
      test.add(x)
      bounds.add(x)
    }

    /// What the test found is a bound too, and often the tighter one.
    var lower: Double { max(bounds.bounds?.lower ?? 0, test.isAbove ? test.threshold : 0) }
    var upper: Double { min(bounds.bounds?.upper ?? 1, test.isBelow ? test.threshold : 1) }
  }
}

/// A range of values, as [0, 1].
struct UnitScale: Hashable, Codable, Sendable {
  let low: Double
  let high: Double

  /// Values beyond the range count as its end.
  func unit(_ value: Double) -> Double { min(max((value - low) / (high - low), 0), 1) }

  func value(_ unit: Double) -> Double { low + unit * (high - low) }
}
