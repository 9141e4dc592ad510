import Foundation

/// What a step's evidence says about one gate.
public struct GateReading: Hashable, Codable, Sendable {
  public enum State: String, Hashable, Codable, Sendable {
    case passed, failed, undecided
  }

  public var gate: Gate
  /// Once passed or failed it stays so for the step: the bounds hold at whatever time the test stops.
  public var state: State
  /// What was measured, in the threshold's units; for `latency` the share of pairs above the threshold, which is held
  /// against a half. Nil without evidence.
  public var estimate: Double?
  /// Bounds that hold at all times together, at the level that the gate decides at.
  public var lower: Double?
  public var upper: Double?
  /// Observations: units, or pairs of batches for `latency`, or of the arms' episodes for `return`.
  public var units: Int
  /// Why there is no verdict and none can come; nil otherwise.
  public var note: String?

  public init(
    gate: Gate, state: State, estimate: Double? = nil, lower: Double? = nil, upper: Double? = nil, units: Int = 0,
    note: String? = nil
  ) {
    self.gate = gate
    self.state = state
    self.estimate = estimate
    self.lower = lower
    self.upper = upper
    self.units = units
    self.note = note
  }

  /// Estimate, bounds and units for people, such as `0.131 (0.0902 to 0.172) over 24 units`.
  public var measured: String {
    if let note { return note }
    guard let estimate, let lower, let upper else { return "no evidence" }
    let share = gate.metric == .latency ? " of batches above, held against 0.5" : ""
    func digits(_ value: Double) -> String { String(format: "%.3g", value) }
    let bounds = "\(digits(estimate))\(share) (\(digits(lower)) to \(digits(upper)))"
    let noun =
      switch gate.metric {
      case .latency, .returns: units == 1 ? "pair" : "pairs"
      default: units == 1 ? "unit" : "units"
      }
    return "\(bounds) over \(units) \(noun)"
  }
}
