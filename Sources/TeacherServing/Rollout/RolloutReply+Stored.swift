import RolloutControl
import Wire

extension V1.RolloutReply {
  /// How a rollout stands.
  ///
  /// - Parameters:
  ///   - plan: nil: it cannot be read, so that neither its steps nor its gates can be told.
  ///   - evidence: of the step that it is in.
  init(_ stored: StoredRollout, plan: RolloutPlan?, evidence: StepEvidence?) {
    self.init(
      rollout: stored.id, state: stored.state.rawValue, candidate: stored.candidate, reason: stored.reason,
      model: stored.model, baseline: stored.baseline,
      step: evidence?.step ?? plan.map { RolloutRun.step(of: stored, $0) } ?? stored.step, steps: plan?.steps ?? [],
      weightPercent: stored.weightPercent, plan: stored.plan,
      gates: evidence?.readings().map { V1.GateReading($0) } ?? [],
      candidateEpisodes: UInt64(evidence?.candidateEpisodes ?? 0),
      stableEpisodes: UInt64(evidence?.stableEpisodes ?? 0), stepStartedMicroseconds: stored.stepStartedMicroseconds,
      createdMicroseconds: stored.createdMicroseconds, endedMicroseconds: stored.endedMicroseconds ?? 0,
      who: stored.who, revision: stored.revision)
  }

  /// As it was stored, with the evidence that was stored with it: of a step that began without, with none.
  init(_ stored: StoredRollout) {
    let plan = try? RolloutPlan(yaml: stored.plan)
    self.init(
      stored, plan: plan,
      evidence: plan.flatMap { plan in
        RolloutRun.evidence(of: stored, plan)
          ?? (stored.state.isActive ? StepEvidence(plan: plan, step: RolloutRun.step(of: stored, plan)) : nil)
      })
  }
}

extension V1.RolloutRecord {
  init(_ stored: StoredRollout) {
    let plan = try? RolloutPlan(yaml: stored.plan)
    self.init(
      rollout: stored.id, state: stored.state.rawValue, candidate: stored.candidate, baseline: stored.baseline,
      step: plan.map { RolloutRun.step(of: stored, $0) } ?? stored.step, steps: plan?.steps ?? [],
      weightPercent: stored.weightPercent, plan: stored.plan, reason: stored.reason, who: stored.who,
      createdMicroseconds: stored.createdMicroseconds, endedMicroseconds: stored.endedMicroseconds ?? 0)
  }
}

extension V1.GateReading {
  init(_ reading: GateReading) {
    self.init(
      gate: reading.gate.description, state: reading.state.rawValue, estimate: reading.estimate, lower: reading.lower,
      upper: reading.upper, units: UInt64(reading.units), note: reading.note ?? "")
  }
}
