/// What is to happen to an active rollout.
public enum RolloutChange: Hashable, Sendable, CustomStringConvertible {
  /// To a later step, and a larger share of new episodes.
  case advance(step: Int, weightPercent: Double)
  case pause
  /// The step begins anew, with the evidence that it has.
  case resume
  /// Moves `stable` to the candidate, and watches it.
  case promote
  /// Ends it before it was promoted. The candidate is withdrawn.
  case abort
  /// Ends it, and moves `stable` back to the baseline where the candidate was promoted. The candidate is withdrawn.
  case rollBack
  /// Ends the watch of a promoted candidate: it stays.
  case complete

  public var description: String {
    switch self {
    case .advance(let step, let weight): "advance to step \(step) at \(weight)%"
    case .pause: "pause"
    case .resume: "resume"
    case .promote: "promote"
    case .abort: "abort"
    case .rollBack: "roll back"
    case .complete: "complete"
    }
  }

  /// The states in which a rollout can be changed so.
  public var allowedStates: [RolloutState] {
    switch self {
    case .advance, .pause: [.running]
    case .resume: [.paused]
    case .promote, .abort: [.running, .paused]
    case .rollBack: [.running, .paused, .watching]
    case .complete: [.watching]
    }
  }
}

/// What a change of a rollout does beside the rollout's own row.
struct RolloutEffects: Equatable {
  var event: RolloutEvent.Kind
  /// nil: `stable` stays where it is.
  var stableMovesTo: UInt64?
  var withdrawsCandidate = false
}

extension RolloutRecord {
  /// Makes the change in this record.
  ///
  /// - Throws: `conflict` where the rollout's state or step does not allow the change, `invalid` for a weight or a step
  ///   that makes no sense. The record is then unchanged.
  ///
  /// - Parameter evidence: of the step that the rollout is in then; nil: what it has, or where the step begins, none.
  mutating func apply(
    _ change: RolloutChange, evidence: String? = nil, why: String, now: Int64
  ) throws -> RolloutEffects {
    try require(change)
    if let evidence { self.evidence = evidence }
    reason = why
    revision += 1
    switch change {
    case .advance(let step, let weight):
      self.step = step
      begin(weightPercent: weight, evidence: evidence, now: now)
      return RolloutEffects(event: .advanced)
    case .pause:
      state = .paused
      return RolloutEffects(event: .paused)
    case .resume:
      state = .running
      stepStartedMicroseconds = now
      return RolloutEffects(event: .resumed)
    case .promote:
      state = .watching
      begin(weightPercent: 100, evidence: evidence, now: now)
      return RolloutEffects(event: .promoted, stableMovesTo: candidate)
    case .abort:
      end(.aborted, now: now)
      return RolloutEffects(event: .aborted, withdrawsCandidate: true)
    case .rollBack:
      let wasPromoted = state == .watching
      end(.rolledBack, now: now)
      return RolloutEffects(
        event: .rolledBack, stableMovesTo: wasPromoted ? baseline : nil, withdrawsCandidate: true)
    case .complete:
      end(.completed, now: now)
      return RolloutEffects(event: .completed)
    }
  }

  private mutating func begin(weightPercent: Double, evidence: String?, now: Int64) {
    self.weightPercent = weightPercent
    stepStartedMicroseconds = now
    self.evidence = evidence
  }

  private mutating func end(_ state: RolloutState, now: Int64) {
    self.state = state
    weightPercent = 0
    endedMicroseconds = now
  }

  private func require(_ change: RolloutChange) throws {
    guard state.isActive else {
      throw RegistryError(
        .conflict, "cannot \(change) rollout \(id) of model '\(model)': it has ended (\(state.rawValue): \(reason))")
    }
    guard change.allowedStates.contains(state) else {
      let expected = change.allowedStates.map(\.rawValue).joined(separator: " or ")
      let hint = change == .abort ? "; roll it back instead" : ""
      throw RegistryError(
        .conflict,
        "cannot \(change) rollout \(id) of model '\(model)': it is \(state.rawValue), expected \(expected)\(hint)")
    }
    guard case .advance(let step, let weight) = change else { return }
    try Self.require(weightPercent: weight)
    guard step > self.step, weight > weightPercent else {
      throw RegistryError(
        .conflict,
        "cannot \(change) rollout \(id) of model '\(model)': it is at step \(self.step) with \(weightPercent)%, "
          + "expected a later step and a larger weight")
    }
  }

  static func require(weightPercent weight: Double) throws {
    guard weight > 0, weight <= 100 else {
      throw RegistryError(.invalid, "a weight of \(weight)% was given, expected more than 0% and at most 100%")
    }
  }
}
