import RolloutControl
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An active rollout as this service runs it: what the store has of it, and what was observed in its step.
///
/// Its seconds are those since the rollout began, of the clock on the wall: they go on in another process.
struct RolloutRun: Sendable {
  private(set) var stored: StoredRollout
  let plan: RolloutPlan
  private let hash: ShareHash
  private(set) var evidence: StepEvidence
  /// Changes with the step: evidence of event loops that is of an earlier one is not this step's.
  let generation: UInt64
  /// It is being rolled back: the candidate takes nothing more, whatever the store says yet.
  var isHalted = false
  /// Something of it is being stored.
  var isActing = false
  private var lastFailure = ""
  /// Reports whose episodes' first queries may not have been told yet.
  private var reports: [Report] = []
  /// Those of them that came before the event loops were asked last.
  private var reportsToCount = 0
  private static let reportsMax = 1 << 17
  /// Seconds at which the evidence was stored, and whether it has changed since.
  private var savedSeconds = 0.0
  private var isUnsaved = false

  private struct Report {
    var unit: UInt64
    var arm: Arm
    var episodeReturn: Double
  }

  /// - Throws: INTERNAL where the store's text is not a plan that this program reads.
  init(_ stored: StoredRollout, generation: UInt64) throws(WireStatus) {
    do {
      plan = try RolloutPlan(yaml: stored.plan)
    } catch {
      throw WireStatus(.internalError, "the plan of rollout \(stored.id) cannot be read: \(error.message)")
    }
    guard let hash = ShareHash(rolloutID: stored.id) else {
      throw WireStatus(.internalError, "a rollout's id \(stored.id), expected 32 hexadecimal digits")
    }
    self.hash = hash
    self.stored = stored
    self.generation = generation
    evidence = StepEvidence(plan: plan, step: Self.step(of: stored, plan))
    if let kept = Self.evidence(of: stored, plan) { evidence = kept }
  }

  static func step(of stored: StoredRollout, _ plan: RolloutPlan) -> Int {
    stored.state == .watching ? plan.watchStep : min(stored.step, plan.watchStep)
  }

  // MARK: What the store says

  /// Takes over what the store has of the same rollout now.
  ///
  /// - Parameter isElsewhere: the evidence is that of another service, which stores it.
  /// - Returns: whether it is in the same step; otherwise it is to be made anew.
  mutating func adopt(_ newer: StoredRollout, isElsewhere: Bool) -> Bool {
    guard newer.id == stored.id, Self.step(of: newer, plan) == evidence.step else { return false }
    if isElsewhere, newer.evidence != stored.evidence, let kept = Self.evidence(of: newer, plan) { evidence = kept }
    stored = newer
    return true
  }

  var phase: RolloutSnapshot.Phase {
    switch stored.state {
    case .watching: .watching
    case .paused: .paused
    default: .running
    }
  }

  var reply: V1.RolloutReply { V1.RolloutReply(stored, plan: plan, evidence: evidence) }

  func catalogue(collects: Bool) -> CatalogueRollout {
    CatalogueRollout(
      id: stored.id, hash: hash, baseline: stored.baseline, candidate: stored.candidate,
      weightPercent: stored.weightPercent, shadowPercent: plan.shadowPercent,
      generation: generation, collects: collects)
  }

  // MARK: Evidence

  func seconds(at microseconds: Int64) -> Double { Double(microseconds - stored.createdMicroseconds) / 1e6 }

  func arm(of version: UInt64) -> Arm? {
    version == stored.candidate ? .candidate : version == stored.baseline ? .stable : nil
  }

  /// Keeps a report until what the event loops have seen before it is known.
  ///
  /// - Throws: INVALID_ARGUMENT for a return that cannot be; RESOURCE_EXHAUSTED where too many wait.
  mutating func take(_ report: V1.ReportRequest, arm: Arm) throws(WireStatus) {
    if let range = plan.returnRange, !range.contains(report.episodeReturn) {
      throw WireStatus(
        .invalidArgument,
        "a return of \(report.episodeReturn), expected \(range.low) to \(range.high): what the rollout's plan declares")
    }
    guard reports.count < Self.reportsMax else {
      throw WireStatus(
        .resourceExhausted, "\(reports.count) reports wait to be counted, expected fewer",
        retryAfterMicroseconds: 100_000)
    }
    reports.append(Report(unit: report.episode, arm: arm, episodeReturn: report.episodeReturn))
  }

  /// The event loops are about to be asked: of what has been reported by now they have seen the first queries. An
  /// episode that is played and reported while they answer may be one that they tell of next time only.
  mutating func beginLook() { reportsToCount = reports.count }

  /// Counts what the event loops have seen, and what was reported before they were asked.
  ///
  /// - Parameters:
  ///   - microseconds: now, of the clock on the wall.
  ///   - uptime: now, of the event loops' clock, in nanoseconds.
  mutating func take(_ parts: [LoopEvidence], at microseconds: Int64, uptime: UInt64) {
    let now = seconds(at: microseconds)
    let current = parts.filter { $0.generation == generation }
    for sighting in current.flatMap(\.seen).sorted(by: { $0.nanoseconds < $1.nanoseconds }) {
      let age = uptime > sighting.nanoseconds ? Double(uptime - sighting.nanoseconds) / 1e9 : 0
      evidence.saw(unit: sighting.unit, arm: sighting.arm, at: now - age, reports: !sighting.isConnection)
      isUnsaved = true
    }
    for part in current {
      for divergence in part.divergences { evidence.add(divergence, at: now) }
      for pair in part.latencies {
        evidence.addLatency(candidateNanoseconds: pair.candidate, stableNanoseconds: pair.stable)
      }
      isUnsaved = isUnsaved || !part.divergences.isEmpty || !part.latencies.isEmpty
    }
    for report in reports.prefix(reportsToCount) {
      _ = evidence.report(unit: report.unit, arm: report.arm, episodeReturn: report.episodeReturn, at: now)
      isUnsaved = true
    }
    reports.removeFirst(min(reportsToCount, reports.count))
    reportsToCount = 0
    evidence.advance(to: now)
  }

  /// - Parameter fault: why the candidate cannot answer.
  func decision(at microseconds: Int64, fault: String?) -> RolloutDecision {
    decide(
      RolloutSnapshot(
        plan: plan, phase: phase, step: stored.step,
        secondsInStep: Double(microseconds - stored.stepStartedMicroseconds) / 1e6,
        candidateEpisodes: evidence.candidateEpisodes, readings: evidence.readings(), candidateFault: fault))
  }

  /// What is to be stored for a decision, and why it was made.
  func change(for decision: RolloutDecision) -> (RolloutChange, why: String) {
    let passed = evidence.readings().map { "\($0.gate): \($0.measured)" }.joined(separator: "; ")
    switch decision {
    case .advance(let step):
      return (.advance(step: step, weightPercent: plan.weightPercent(step: step)), "every gate passed: \(passed)")
    case .promote: return (.promote, "every gate passed: \(passed)")
    case .complete: return (.complete, "no gate failed while it was watched: \(passed)")
    case .rollBack(let reason): return (.rollBack, reason)
    case .pause(let reason): return (.pause, reason)
    case .wait: preconditionFailure("waiting changes nothing")
    }
  }

  /// What is to be stored with a change: what its step begins with, or what was observed in the one that goes on or ends.
  func evidence(after change: RolloutChange) -> String? {
    switch change {
    case .advance(let step, _): Self.text(nextEvidence(step: step))
    case .promote: Self.text(nextEvidence(step: plan.watchStep))
    default: Self.text(evidence)
    }
  }

  private func nextEvidence(step: Int) -> StepEvidence {
    StepEvidence(plan: plan, step: step, reference: evidence.nextReference)
  }

  /// - Returns: what is to be said of a failure: nil where it was said.
  mutating func failed(with text: String) -> String? {
    defer { lastFailure = text }
    return text == lastFailure ? nil : text
  }

  /// What is to be stored of the evidence now: where it has changed, and some time after it was stored last. Writing
  /// much of it takes longer.
  mutating func unsavedEvidence(at microseconds: Int64) -> String? {
    let now = seconds(at: microseconds)
    let pause = evidence.candidateEpisodes + evidence.stableEpisodes > 10_000 ? 10.0 : 1.0
    guard isUnsaved, now >= savedSeconds + pause || now < savedSeconds else { return nil }
    savedSeconds = now
    isUnsaved = false
    return Self.text(evidence)
  }

  private static func text(_ evidence: StepEvidence) -> String? {
    (try? JSONEncoder().encode(evidence)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What was stored of the step that a rollout is in, or ended in.
  static func evidence(of stored: StoredRollout, _ plan: RolloutPlan) -> StepEvidence? {
    guard let text = stored.evidence,
      let kept = try? JSONDecoder().decode(StepEvidence.self, from: Data(text.utf8)), kept.plan == plan,
      kept.step == step(of: stored, plan) || !stored.state.isActive
    else { return nil }
    return kept
  }
}
