import Foundation
import RolloutSimulation
import Testing

@testable import RolloutControl

@Suite("Whole rollouts on a simulated clock")
struct SimulationTests {
  static let range = SimulatedRollout.cartPoleReturns

  @Test("Of 200 rollouts of a byte-identical candidate at most 20 are rolled back, and 180 promoted")
  func identical() {
    var ends: [SimulatedRollout.End: Int] = [:]
    var promoted = 0
    for seed in 0..<200 {
      var rollout = SimulatedRollout(.simulated, seed: seed) { _, unit, numbers in
        SimulatedRollout.Episode(likeCartPole: 350, unit: unit, &numbers)
      }
      let outcome = rollout.run()
      ends[outcome.end, default: 0] += 1
      promoted += outcome.wasPromoted ? 1 : 0
    }
    let rolledBack = ends.reduce(0) { if case .rolledBack = $1.key { $0 + $1.value } else { $0 } }
    #expect(rolledBack <= 20 && promoted >= 180, "\(ends)")
  }

  /// Its returns are lower by just what the gate allows, so passing it and failing it are both at their likeliest to be
  /// errors of chance.
  @Test("A candidate on the threshold is decided on, either way, in at most alpha of the rollouts")
  func threshold() {
    let plan = RolloutPlan(
      candidate: 2, steps: [50], every: 20, patience: 40, gates: [Gate(.returns, -50)], alpha: 0.2,
      returnRange: Self.range, watch: 0)
    var (failed, passed) = (0, 0)
    for seed in 0..<200 {
      var rollout = SimulatedRollout(plan, seed: seed) { arm, _, numbers in
        let episodeReturn = (arm == .stable ? 200 : 150) + 200 * numbers.unit()
        return SimulatedRollout.Episode(length: episodeReturn / 50, episodeReturn: episodeReturn)
      }
      let end = rollout.run().end
      failed += end == .rolledBack(step: 0) ? 1 : 0
      passed += end == .completed ? 1 : 0
    }
    // One gate in a step and a watch: each has half of alpha.
    #expect(failed <= 20 && passed <= 20 && failed + passed > 0, "\(failed) failed, \(passed) passed")
  }

  @Test("A candidate whose returns are 20% lower is rolled back by the gate on returns, in the first step")
  func lowerReturns() {
    let plan = RolloutPlan(
      candidate: 2, every: 600, gates: [Gate(.returns, -25)], returnRange: Self.range)
    var episodes: [Int] = []
    for seed in 0..<20 {
      var rollout = SimulatedRollout(plan, seed: seed) { arm, unit, numbers in
        SimulatedRollout.Episode(likeCartPole: arm == .stable ? 350 : 280, unit: unit, &numbers)
      }
      let outcome = rollout.run()
      #expect(outcome.end == .rolledBack(step: 0) && outcome.reason.contains("gate return>-25 failed: -"))
      episodes.append(outcome.candidateEpisodes)
    }
    // It took from 58 to 171.
    #expect(episodes.max()! < 250, "\(episodes.sorted())")
  }

  @Test(
    "Permuted actions, and noise with a KL of 0.13, are rolled back in the first step by a gate on divergence",
    arguments: [(kl: 1.5, agreement: 0.5, most: 20), (kl: 0.13, agreement: 0.97, most: 40)])
  func divergent(kl: Double, agreement: Double, most: Int) {
    let plan = RolloutPlan(candidate: 2, every: 600)
    var units: [Int] = []
    for seed in 0..<50 {
      var rollout = SimulatedRollout(plan, seed: seed) { arm, unit, numbers in
        SimulatedRollout.Episode(likeCartPole: 350, unit: unit, &numbers, kl: kl, agreement: agreement)
      }
      let outcome = rollout.run()
      #expect(outcome.end == .rolledBack(step: 0) && outcome.reason.contains("step 1 of 5 (1%): gate"))
      units.append(outcome.readings.first { $0.state == .failed }?.units ?? .max)
    }
    #expect(units.max()! <= most, "\(units.sorted())")
  }

  @Test("A candidate that nobody reports on, or that no row was computed twice for, pauses: never is it promoted")
  func silence() {
    var plan = RolloutPlan(
      candidate: 2, steps: [50, 100], every: 20, minimumEpisodes: 1, gates: [Gate(.returns, -400)],
      returnRange: Self.range, episodeTimeout: 5)
    for seed in 0..<5 {
      var rollout = SimulatedRollout(plan, seed: seed) { arm, unit, numbers in
        var episode = SimulatedRollout.Episode(likeCartPole: 350, unit: unit, &numbers)
        episode.isReported = arm == .stable
        return episode
      }
      let outcome = rollout.run()
      #expect(outcome.end == .paused(step: 0) && outcome.seconds == 60 && outcome.reason.contains("return>-400"))
    }
    plan.gates = [Gate(.errors, 0.5)]
    plan.shadowPercent = 10
    var rollout = SimulatedRollout(plan, seed: 0) { _, unit, numbers in
      SimulatedRollout.Episode(length: 1, episodeReturn: 1)
    }
    let outcome = rollout.run()
    #expect(outcome.end == .paused(step: 0) && outcome.reason.contains("gate errors<0.5 is undecided: no evidence"))
  }

  /// Half of the episodes fail within a second, the others last a minute, in both arms alike. What ends in the first
  /// minute of a step is, of the candidate's, only what failed; and of stable's everything, for it was there before.
  @Test("Where failing episodes end first, an identical candidate is kept; counted as they come, it would not be")
  func failingFirst() {
    let plan = RolloutPlan(
      candidate: 2, steps: [10, 100], every: 120, gates: [Gate(.returns, -50)], returnRange: Self.range)
    for seed in 0..<20 {
      let hash = ShareHash(key: (UInt64(seed), 9))
      var numbers = Numbers(seed: seed)
      var evidence = StepEvidence(plan: plan, step: 0)
      var naive = GateTest(plan.gates[0], returnRange: plan.returnRange, alpha: plan.gateAlpha)
      var pairing = ReturnPairing()
      var ending: [Int: [(unit: UInt64, arm: Arm, episodeReturn: Double)]] = [:]
      var unit: UInt64 = 0
      for second in -60..<180 {
        for _ in 0..<20 {
          unit += 1
          let arm: Arm = second >= 0 && hash.isCandidate(unit: unit, weightPercent: 10) ? .candidate : .stable
          let fails = numbers.unit() < 0.5
          if second >= 0 { evidence.saw(unit: unit, arm: arm, at: Double(second)) }
          ending[second + (fails ? 1 : 60), default: []].append((unit, arm, fails ? 50 : 450))
        }
        for (unit, arm, episodeReturn) in ending.removeValue(forKey: second) ?? [] where second >= 0 {
          _ = evidence.report(unit: unit, arm: arm, episodeReturn: episodeReturn, at: Double(second))
          if let pair = pairing.add(arm, low: episodeReturn, high: episodeReturn) {
            naive.add(lowest: pair.lowest, highest: pair.highest)
          }
        }
        evidence.advance(to: Double(second))
        #expect(evidence.readings()[0].state != .failed)
      }
      #expect(evidence.readings()[0].units > 150)
      #expect(naive.state == .failed)
    }
  }
}
