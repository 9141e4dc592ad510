/// What is known about a candidate from one step of its rollout, or from the watch after its promotion.
///
/// Seconds are of one clock for all calls, which goes on when the value is written, read back by another process and
/// used further; where it goes back, time stands still here. In one look at the services, first what was
/// ``saw(unit:arm:at:reports:)`` is told, in the order of starts, then divergences and reports, then ``advance(to:)``.
///
/// What it holds is bounded: at most ``openUnitsMax`` open episodes, and as many open units of sampled rows. What came
/// when that was full is in ``uncounted``, and whether it came then does not depend on how it ended.
public struct StepEvidence: Sendable {
  public static let openUnitsMax = 100_000

  public let plan: RolloutPlan
  /// The number of the step, from 0; `plan.watchStep` for the watch.
  public let step: Int
  /// What candidates' returns are compared with where all traffic is the candidate's.
  public let reference: Double?
  /// Episodes of this step that are over: that were reported, in the order of starts where there is a gate on returns;
  /// without one also those that are taken to be over after a minute. Given-up ones do not count.
  public internal(set) var candidateEpisodes = 0
  public internal(set) var stableEpisodes = 0
  /// Units that found no place any more.
  public internal(set) var uncounted = 0

  var tests: [GateTest]
  var episodes = OpenEpisodes()
  var divergences: OpenDivergences
  var pairing = ReturnPairing()
  var stableReturns = 0.0
  var nowSeconds = -Double.greatestFiniteMagnitude
  /// Not written: a process that reads this back begins without.
  var closed = ClosedUnits()

  /// - Parameters:
  ///   - plan: one that `validate()` accepts.
  ///   - step: from 0 to `plan.watchStep`.
  ///   - reference: the ``nextReference`` of the step before. Where all traffic is the candidate's there is no stable
  ///     arm, and this takes its place as if it were exact; without it a gate on returns stays undecided there.
  public init(plan: RolloutPlan, step: Int, reference: Double? = nil) {
    self.plan = plan
    self.step = step
    self.reference = reference
    tests = plan.gates.map { GateTest($0, returnRange: plan.returnRange, alpha: plan.gateAlpha) }
    divergences = OpenDivergences(
      quietSeconds: min(10, plan.episodeTimeout), longestSeconds: min(Self.unreportedSeconds, plan.episodeTimeout))
  }

  /// The mean return of stable that the next step's evidence is given: of this step's stable episodes, or where it has
  /// none the one that it was given itself.
  public var nextReference: Double? {
    comparesArms && stableEpisodes > 0 && hasReturnGate ? stableReturns / Double(stableEpisodes) : reference
  }

  /// One a gate of the plan, in its order.
  public func readings() -> [GateReading] {
    tests.map { test in
      let lacksReference = test.gate.metric == .returns && !comparesArms && reference == nil
      return test.reading(note: lacksReference ? "there is no mean return of stable to compare with" : nil)
    }
  }

  /// Gives up what is due, and counts what is over.
  public mutating func advance(to seconds: Double) {
    pass(to: seconds)
    consumeEpisodes()
    for unit in divergences.closeDue(at: nowSeconds) { observe(unit) }
  }

  mutating func pass(to seconds: Double) { nowSeconds = max(nowSeconds, seconds) }

  /// How long a unit is taken to go on where nobody says that it is over.
  static let unreportedSeconds = 60.0

  var hasReturnGate: Bool { plan.gates.contains { $0.metric == .returns } }

  /// Whether new episodes go to either arm.
  var comparesArms: Bool { plan.weightPercent(step: step) < 100 }
}
