import Foundation
import RolloutSimulation
import Testing

@testable import RolloutControl

@Suite("A step's evidence")
struct EvidenceTests {
  static let returns = RolloutPlan(
    candidate: 2, steps: [50, 100], gates: [Gate(.returns, -5)], returnRange: ReturnRange(low: 0, high: 100),
    episodeTimeout: 30)
  static let shadow = RolloutPlan(candidate: 2, gates: [Gate(.kl, 0.05), Gate(.agreement, 0.95)], episodeTimeout: 120)

  func reading(_ evidence: StepEvidence, _ metric: Gate.Metric) throws -> GateReading {
    try #require(evidence.readings().first { $0.gate.metric == metric })
  }

  // MARK: Returns

  @Test("Returns count in the order of starts: one that ended waits for those that started before it")
  func order() throws {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    evidence.saw(unit: 1, arm: .stable, at: 0)
    evidence.saw(unit: 2, arm: .candidate, at: 1)
    #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: 10, at: 2) == .accepted)
    evidence.advance(to: 3)
    #expect(evidence.candidateEpisodes == 0 && evidence.readings()[0].units == 0)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 40, at: 4) == .accepted)
    #expect(evidence.candidateEpisodes == 1 && evidence.stableEpisodes == 1)
    let reading = evidence.readings()[0]
    #expect(try reading.units == 1 && abs(#require(reading.estimate) + 30) < 1e-9)
  }

  @Test("A candidate's episode is paired with the mean of the stable ones since the last pair, and waits for one")
  func pairing() {
    var pairing = ReturnPairing()
    #expect(pairing.add(.stable, low: 10, high: 10) == nil)
    #expect(pairing.add(.stable, low: 20, high: 30) == nil)
    let first = pairing.add(.candidate, low: 5, high: 7)
    #expect(first?.lowest == 5 - 20 && first?.highest == 7 - 15)
    #expect(pairing.add(.candidate, low: 1, high: 1) == nil)
    #expect(pairing.add(.candidate, low: 3, high: 3) == nil)
    let second = pairing.add(.stable, low: 4, high: 4)
    #expect(second?.lowest == -2 && second?.highest == -2)
  }

  @Test("An episode that is never reported passes nothing as the worst for the candidate, fails nothing as the best")
  func givenUp() throws {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    evidence.saw(unit: 1, arm: .stable, at: 0)
    evidence.saw(unit: 2, arm: .candidate, at: 0)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 40, at: 1) == .accepted)
    evidence.advance(to: 29.9)
    #expect(evidence.readings()[0].units == 0)
    evidence.advance(to: 30)
    // From 0 - 40 to 100 - 40.
    #expect(evidence.readings()[0].units == 1 && evidence.readings()[0].estimate.map { abs($0 - 10) < 1e-9 } == true)
    #expect(evidence.candidateEpisodes == 0 && evidence.stableEpisodes == 1)
    #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: 99, at: 31) == .timedOut)
  }

  @Test(
    "However many episodes are not reported, of either arm or of both, a gate on returns neither passes nor fails",
    arguments: [Set([Arm.candidate]), [.stable], [.candidate, .stable]])
  func silence(of silent: Set<Arm>) {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    for unit in 0..<4000 as Range<UInt64> {
      let (arm, now) = (unit % 2 == 0 ? Arm.stable : .candidate, Double(unit))
      evidence.saw(unit: unit, arm: arm, at: now)
      if !silent.contains(arm) {
        #expect(evidence.report(unit: unit, arm: arm, episodeReturn: 50, at: now) == .accepted)
      }
      evidence.advance(to: now)
    }
    #expect(evidence.readings()[0].state == .undecided && evidence.readings()[0].units > 1900)
  }

  @Test("A report that does not count says why")
  func refusals() {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    evidence.saw(unit: 1, arm: .stable, at: 0)
    evidence.saw(unit: 2, arm: .candidate, at: 0)
    #expect(evidence.report(unit: 3, arm: .stable, episodeReturn: 1, at: 1) == .unknownUnit)
    #expect(evidence.report(unit: 2, arm: .stable, episodeReturn: 1, at: 1) == .wrongArm)
    for value in [-0.1, 100.1, .nan, .infinity] {
      #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: value, at: 1) == .outOfRange)
    }
    #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: 100, at: 1) == .accepted)
    #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: 100, at: 1) == .alreadyReported)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 0, at: 1) == .accepted)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 0, at: 1) == .alreadyReported)
    #expect(evidence.candidateEpisodes == 1 && evidence.stableEpisodes == 1)
    evidence.saw(unit: 1, arm: .stable, at: 2)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 0, at: 2) == .alreadyReported)
  }

  @Test("A report after the timeout does not count, even where nobody looked in between")
  func lateReport() {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    evidence.saw(unit: 1, arm: .stable, at: 0)
    evidence.saw(unit: 2, arm: .candidate, at: 20)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 50, at: 40) == .timedOut)
    #expect(evidence.report(unit: 2, arm: .candidate, episodeReturn: 50, at: 41) == .accepted)
    #expect(evidence.stableEpisodes == 0 && evidence.candidateEpisodes == 1 && evidence.readings()[0].units == 1)
  }

  @Test("A connection says nothing about returns; without a gate on them it counts when it is taken to be over")
  func connections() {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    evidence.saw(unit: 1, arm: .candidate, at: 0, reports: false)
    evidence.saw(unit: 2, arm: .stable, at: 1)
    #expect(evidence.report(unit: 2, arm: .stable, episodeReturn: 5, at: 2) == .accepted)
    #expect(evidence.stableEpisodes == 1 && evidence.candidateEpisodes == 0)
    var shadow = StepEvidence(plan: Self.shadow, step: 0)
    shadow.saw(unit: 1, arm: .candidate, at: 0, reports: false)
    shadow.saw(unit: 2, arm: .candidate, at: 10)
    #expect(shadow.report(unit: 2, arm: .candidate, episodeReturn: -1e9, at: 11) == .accepted)
    #expect(shadow.candidateEpisodes == 1)
    shadow.advance(to: 59)
    #expect(shadow.candidateEpisodes == 1)
    shadow.advance(to: 60)
    #expect(shadow.candidateEpisodes == 2)
    shadow.advance(to: 1000)
    #expect(shadow.candidateEpisodes == 2)
  }

  @Test("Where all traffic is the candidate's, stable's mean of the step before takes its place")
  func reference() throws {
    var first = StepEvidence(plan: Self.returns, step: 0, reference: 7)
    #expect(first.nextReference == 7)
    for (unit, value) in [(1, 30.0), (2, 50)] as [(UInt64, Double)] {
      first.saw(unit: unit, arm: .stable, at: 0)
      #expect(first.report(unit: unit, arm: .stable, episodeReturn: value, at: 1) == .accepted)
    }
    #expect(first.nextReference == 40)
    for step in 1...2 {
      var evidence = StepEvidence(plan: Self.returns, step: step, reference: first.nextReference)
      evidence.saw(unit: 3, arm: .candidate, at: 0)
      #expect(evidence.report(unit: 3, arm: .candidate, episodeReturn: 45, at: 1) == .accepted)
      #expect(try abs(#require(evidence.readings()[0].estimate) - 5) < 1e-9)
      #expect(evidence.nextReference == 40 && evidence.readings()[0].note == nil)
    }
    var without = StepEvidence(plan: Self.returns, step: 1)
    for unit in 0..<500 as Range<UInt64> {
      without.saw(unit: unit, arm: .candidate, at: 0)
      #expect(without.report(unit: unit, arm: .candidate, episodeReturn: 100, at: 1) == .accepted)
    }
    #expect(without.readings()[0].state == .undecided && without.candidateEpisodes == 500)
    #expect(without.readings()[0].note == "there is no mean return of stable to compare with")
  }

  // MARK: Rows that both versions computed

  @Test("A unit's rows are one observation, made when it is reported, goes quiet, or is a minute old")
  func units() throws {
    var evidence = StepEvidence(plan: Self.shadow, step: 0)
    evidence.saw(unit: 1, arm: .stable, at: 0)
    evidence.add(UnitDivergence(unit: 1, rows: 3, kl: 0.3, agreement: 3), at: 0)
    evidence.add(UnitDivergence(unit: 1, rows: 1, kl: 0.5, agreement: 0), at: 1)
    evidence.add(UnitDivergence(unit: 9, rows: 0, kl: 5), at: 1)
    #expect(try reading(evidence, .kl).units == 0)
    #expect(evidence.report(unit: 1, arm: .stable, episodeReturn: 0, at: 2) == .accepted)
    #expect(try abs(#require(reading(evidence, .kl).estimate) - 0.2) < 1e-12)
    #expect(try reading(evidence, .agreement).estimate == 0.75)

    evidence.add(UnitDivergence(unit: 2, rows: 1), at: 10)
    for second in 10...70 {
      evidence.add(UnitDivergence(unit: 3, rows: 1), at: Double(second) + 0.5)
      evidence.advance(to: Double(second) + 0.5)
      let isQuiet = second >= 20  // unit 2 since 20; unit 3, never quiet, since 70.5
      #expect(try reading(evidence, .kl).units == (second == 70 ? 3 : isQuiet ? 2 : 1), "\(second)")
    }
  }

  @Test("A plan that gives episodes up sooner takes units to be over sooner")
  func shortTimeout() throws {
    var plan = Self.shadow
    plan.episodeTimeout = 2
    var evidence = StepEvidence(plan: plan, step: 0)
    evidence.saw(unit: 1, arm: .candidate, at: 0)
    evidence.add(UnitDivergence(unit: 1, rows: 1), at: 0)
    evidence.advance(to: 2)
    #expect(evidence.candidateEpisodes == 1)
    #expect(try reading(evidence, .kl).units == 1)
  }

  @Test("A row that is no number counts as the worst there is")
  func notANumber() throws {
    var evidence = StepEvidence(plan: Self.shadow, step: 0)
    evidence.add(UnitDivergence(unit: 1, rows: 1, kl: .nan, agreement: .nan, value: .infinity, errors: 1), at: 0)
    evidence = try JSONDecoder().decode(StepEvidence.self, from: JSONEncoder().encode(evidence))
    evidence.advance(to: 100)
    #expect(try reading(evidence, .kl).estimate == 1)
    #expect(try reading(evidence, .agreement).estimate == 0)
  }

  @Test("Latency is a median: a few slow pairs do not matter, more than half do")
  func latency() throws {
    var plan = Self.shadow
    plan.gates = [Gate(.latency, 1.5)]
    for (slow, state) in [(0.1, GateReading.State.passed), (0.9, .failed)] {
      var (evidence, numbers) = (StepEvidence(plan: plan, step: 0), Numbers(seed: 1))
      for _ in 0..<200 {
        evidence.addLatency(candidateNanoseconds: numbers.unit() < slow ? 1e6 : 1000, stableNanoseconds: 1000)
        evidence.addLatency(candidateNanoseconds: 5, stableNanoseconds: 0)
      }
      #expect(try reading(evidence, .latency).state == state)
      #expect(try reading(evidence, .latency).units == 200)
    }
  }

  // MARK: Keeping

  @Test("Written and read back in the middle, evidence ends the same")
  func persistence() throws {
    let plan = RolloutPlan(
      candidate: 2, steps: [30, 100], gates: [Gate(.kl, 0.05), Gate(.latency, 2), Gate(.returns, -5)],
      returnRange: ReturnRange(low: 0, high: 100), episodeTimeout: 20)
    var (evidence, kept) = (StepEvidence(plan: plan, step: 0), StepEvidence(plan: plan, step: 0))
    func feed(_ evidence: inout StepEvidence, _ numbers: inout Numbers, second: Int) {
      let unit = UInt64.max - UInt64(second)
      evidence.saw(unit: unit, arm: numbers.unit() < 0.3 ? .candidate : .stable, at: Double(second))
      evidence.add(UnitDivergence(unit: unit, rows: 1, kl: numbers.unit() / 10), at: Double(second))
      evidence.addLatency(candidateNanoseconds: numbers.unit(), stableNanoseconds: numbers.unit())
      for arm in [Arm.stable, .candidate] where second > 5 {
        _ = evidence.report(unit: unit + 5, arm: arm, episodeReturn: 100 * numbers.unit(), at: Double(second))
      }
      evidence.advance(to: Double(second))
    }
    var (numbers, same) = (Numbers(seed: 5), Numbers(seed: 5))
    for second in 0..<300 {
      feed(&evidence, &numbers, second: second)
      feed(&kept, &same, second: second)
      if second % 50 == 49 {
        kept = try JSONDecoder().decode(StepEvidence.self, from: JSONEncoder().encode(kept))
      }
    }
    #expect(kept.readings() == evidence.readings() && evidence.readings().allSatisfy { $0.units > 50 })
    #expect(kept.candidateEpisodes == evidence.candidateEpisodes && kept.stableEpisodes == evidence.stableEpisodes)
    #expect(kept.nextReference == evidence.nextReference && kept.nextReference != nil)
  }

  @Test("What was written for a plan that makes no sense is refused")
  func corrupted() throws {
    let text = String(decoding: try JSONEncoder().encode(StepEvidence(plan: Self.returns, step: 0)), as: UTF8.self)
    for (old, new) in [
      (#""step":0"#, #""step":3"#), (#""episode_timeout":30"#, #""episode_timeout":0"#), ("return>-5", "return>-6"),
    ] {
      let changed = try #require(text.range(of: old).map { text.replacingCharacters(in: $0, with: new) })
      #expect(throws: DecodingError.self, "\(new)") {
        try JSONDecoder().decode(StepEvidence.self, from: Data(changed.utf8))
      }
    }
  }

  @Test("Units beyond the limit are told, and come in again when others are over")
  func bounded() {
    var evidence = StepEvidence(plan: Self.returns, step: 0)
    let most = UInt64(StepEvidence.openUnitsMax)
    for unit in 0..<most + 10 { evidence.saw(unit: unit, arm: .stable, at: 0) }
    #expect(evidence.uncounted == 10)
    #expect(evidence.report(unit: most, arm: .stable, episodeReturn: 1, at: 1) == .unknownUnit)
    evidence.advance(to: 30)
    evidence.saw(unit: most, arm: .stable, at: 31)
    #expect(evidence.report(unit: most, arm: .stable, episodeReturn: 1, at: 32) == .accepted)
    #expect(evidence.uncounted == 10 && evidence.stableEpisodes == 1)
  }
}
