import RolloutControl
import Testing

@Suite("The decision on a rollout")
struct DecideTests {
  /// One state and what it calls for. The plan has 3 steps of 100 s, 50 s of patience, 10 episodes a step, a watch of
  /// 80 s, and two gates.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var phase = RolloutSnapshot.Phase.running
    var step = 0
    var seconds = 100.0
    var episodes = 10
    var states: [GateReading.State] = [.passed, .passed]
    var fault: String?
    var decision: RolloutDecision

    var testDescription: String { name }
  }

  static let plan = RolloutPlan(
    candidate: 7, steps: [5, 25, 100], every: 100, patience: 50, minimumEpisodes: 10,
    gates: [Gate(.kl, 0.05), Gate(.agreement, 0.95)], watch: 80)

  static let failed = "gate kl<0.05 failed: 0.131 (0.0902 to 0.172) over 24 units"

  static let cases = [
    Case(name: "passed, in time: the next step", decision: .advance(step: 1)),
    Case(name: "passed at the second step: the third", step: 1, decision: .advance(step: 2)),
    Case(name: "passed at the last step: promoted", step: 2, decision: .promote),
    Case(name: "passed too early: wait", seconds: 99.9, decision: .wait),
    Case(name: "passed late, with patience left", seconds: 149, decision: .advance(step: 1)),
    Case(name: "passed after all patience: the evidence is there", seconds: 1000, decision: .advance(step: 1)),
    Case(name: "an episode short: wait", episodes: 9, decision: .wait),
    Case(
      name: "an episode short after all patience: pause", seconds: 150, episodes: 9,
      decision: .pause(
        reason: "step 1 of 3 (5%): not enough evidence after 150s: 9 of 10 episodes of the candidate are over")),
    Case(name: "one gate undecided: wait", states: [.passed, .undecided], decision: .wait),
    Case(name: "undecided just before patience ends: wait", seconds: 149.9, states: [.undecided], decision: .wait),
    Case(
      name: "undecided after all patience: pause, and say which gate lacks what", step: 1, seconds: 150,
      states: [.passed, .undecided],
      decision: .pause(
        reason: "step 2 of 3 (25%): not enough evidence after 150s: gate agreement>0.95 is undecided: "
          + "0.131 (0.0902 to 0.172) over 24 units")),
    Case(
      name: "silence: pause, never promote", step: 2, seconds: 1e9, episodes: 0, states: [],
      decision: .pause(
        reason: "step 3 of 3 (100%): not enough evidence after 150s: gate kl<0.05 is undecided: no evidence; "
          + "gate agreement>0.95 is undecided: no evidence; 0 of 10 episodes of the candidate are over")),
    Case(
      name: "failed: rolled back at once", seconds: 0.1, episodes: 0, states: [.failed, .undecided],
      decision: .rollBack(reason: "step 1 of 3 (5%): \(failed)")),
    Case(
      name: "failed where the other passed and time is over", step: 2, seconds: 200, states: [.failed, .passed],
      decision: .rollBack(reason: "step 3 of 3 (100%): \(failed)")),
    Case(name: "paused: nothing advances", phase: .paused, seconds: 1e6, decision: .wait),
    Case(
      name: "paused and short of evidence: no second pause", phase: .paused, seconds: 1e6, states: [],
      decision: .wait),
    Case(
      name: "paused and failed: rolled back", phase: .paused, states: [.failed, .passed],
      decision: .rollBack(reason: "step 1 of 3 (5%): \(failed)")),
    Case(name: "watching: wait", phase: .watching, step: 3, seconds: 79, states: [.passed, .passed], decision: .wait),
    Case(
      name: "watched long enough", phase: .watching, step: 3, seconds: 80, episodes: 0, states: [],
      decision: .complete),
    Case(
      name: "watching, and failed", phase: .watching, step: 3, seconds: 80, states: [.failed, .passed],
      decision: .rollBack(reason: "after promotion: \(failed)")),
    Case(
      name: "a candidate that cannot answer: rolled back at once", seconds: 0, episodes: 0, states: [],
      fault: "it was unloaded",
      decision: .rollBack(reason: "step 1 of 3 (5%): version 7 cannot answer: it was unloaded")),
    Case(
      name: "a promoted one that cannot answer", phase: .watching, step: 3, fault: "it was unloaded",
      decision: .rollBack(reason: "after promotion: version 7 cannot answer: it was unloaded")),
  ]

  @Test("Each state has its decision", arguments: cases)
  func table(_ row: Case) {
    let readings = zip(Self.plan.gates, row.states).map { gate, state in
      GateReading(gate: gate, state: state, estimate: 0.131, lower: 0.0902, upper: 0.172, units: 24)
    }
    let snapshot = RolloutSnapshot(
      plan: Self.plan, phase: row.phase, step: row.step, secondsInStep: row.seconds, candidateEpisodes: row.episodes,
      readings: readings, candidateFault: row.fault)
    #expect(decide(snapshot) == row.decision)
  }

  @Test("Where the plan has no gates, time and episodes advance")
  func withoutGates() {
    var snapshot = RolloutSnapshot(
      plan: RolloutPlan(candidate: 7, steps: [5, 25], every: 10, minimumEpisodes: 3, gates: []), phase: .running,
      step: 1, secondsInStep: 10, candidateEpisodes: 3, readings: [])
    #expect(decide(snapshot) == .promote)
    snapshot.candidateEpisodes = 2
    #expect(decide(snapshot) == .wait)
  }

  @Test("What was measured is said in the gate's words")
  func measured() {
    var reading = GateReading(
      gate: Gate(.latency, 1.5), state: .failed, estimate: 0.75, lower: 0.6, upper: 0.9, units: 1)
    #expect(reading.measured == "0.75 of batches above, held against 0.5 (0.6 to 0.9) over 1 pair")
    reading.note = "no mean return of stable to compare with"
    #expect(reading.measured == "no mean return of stable to compare with")
  }
}
