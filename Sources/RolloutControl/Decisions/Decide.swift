/// What a rollout's state and evidence call for.
///
/// A gate that failed, or a candidate that cannot answer, ends the rollout at once, in every phase. A step is left when
/// all gates passed, enough episodes are over and it lasted as long as planned; where that has not come after the
/// plan's patience too, the rollout pauses. So silence never promotes. A watch ends with its time: the gates were
/// passed before, and here only a failure counts.
public func decide(_ snapshot: RolloutSnapshot) -> RolloutDecision {
  let place = place(of: snapshot)
  if let fault = snapshot.candidateFault {
    return .rollBack(reason: "\(place): version \(snapshot.plan.candidate) cannot answer: \(fault)")
  }
  let readings = readings(of: snapshot)
  if let failed = readings.first(where: { $0.state == .failed }) {
    return .rollBack(reason: "\(place): gate \(failed.gate) failed: \(failed.measured)")
  }
  switch snapshot.phase {
  case .paused: return .wait
  case .watching: return snapshot.secondsInStep >= snapshot.plan.watch ? .complete : .wait
  case .running: return decideRunning(snapshot, place: place, readings: readings)
  }
}

private func decideRunning(_ snapshot: RolloutSnapshot, place: String, readings: [GateReading]) -> RolloutDecision {
  let plan = snapshot.plan
  let undecided = readings.filter { $0.state == .undecided }
  let isShort = snapshot.candidateEpisodes < plan.minimumEpisodes
  if undecided.isEmpty && !isShort {
    guard snapshot.secondsInStep >= plan.every else { return .wait }
    return snapshot.step + 1 < plan.steps.count ? .advance(step: snapshot.step + 1) : .promote
  }
  guard snapshot.secondsInStep >= plan.every + plan.patience else { return .wait }
  var lacks = undecided.map { "gate \($0.gate) is undecided: \($0.measured)" }
  if isShort {
    lacks.append("\(snapshot.candidateEpisodes) of \(plan.minimumEpisodes) episodes of the candidate are over")
  }
  let waited = PlanDuration.text(plan.every + plan.patience)
  return .pause(reason: "\(place): not enough evidence after \(waited): \(lacks.joined(separator: "; "))")
}

/// One reading a gate of the plan; undecided where there is none.
private func readings(of snapshot: RolloutSnapshot) -> [GateReading] {
  snapshot.plan.gates.map { gate in
    snapshot.readings.first { $0.gate == gate } ?? GateReading(gate: gate, state: .undecided)
  }
}

private func place(of snapshot: RolloutSnapshot) -> String {
  if snapshot.phase == .watching { return "after promotion" }
  let weight = shortest(snapshot.plan.weightPercent(step: snapshot.step))
  return "step \(snapshot.step + 1) of \(snapshot.plan.steps.count) (\(weight)%)"
}
