package import RolloutControl

/// A model's traffic on a clock of its own, and a rollout on it that does what `decide` says, as a service would: from
/// start to its end, or to a pause.
package struct SimulatedRollout {
  package struct Episode {
    package var length: Double
    package var episodeReturn: Double
    /// Of the rows of it that both versions compute; none where nothing is sampled.
    package var divergence: UnitDivergence?
    package var isReported = true

    package init(length: Double, episodeReturn: Double, divergence: UnitDivergence? = nil) {
      (self.length, self.episodeReturn, self.divergence) = (length, episodeReturn, divergence)
    }
  }

  package enum End: Hashable {
    case completed
    case rolledBack(step: Int)
    case paused(step: Int)
  }

  package struct Outcome {
    package var end: End
    package var reason = ""
    /// Since the step began that it ended in.
    package var seconds = 0.0
    package var candidateEpisodes = 0
    package var readings: [GateReading] = []
    package var wasPromoted = false
  }

  let plan: RolloutPlan
  let hash: ShareHash
  var numbers: Numbers
  let perSecond: Int
  let draw: (Arm, UInt64, inout Numbers) -> Episode

  /// - Parameters:
  ///   - perSecond: episodes that start each second, two at a time at least.
  ///   - draw: how one is played by an arm.
  package init(
    _ plan: RolloutPlan, seed: Int, perSecond: Int = 20, draw: @escaping (Arm, UInt64, inout Numbers) -> Episode
  ) {
    self.plan = plan
    self.perSecond = perSecond
    self.draw = draw
    hash = ShareHash(key: (UInt64(seed), 1))
    numbers = Numbers(seed: seed)
  }

  package mutating func run() -> Outcome {
    var (step, phase, stepBegan) = (0, RolloutSnapshot.Phase.running, 0.0)
    var evidence = StepEvidence(plan: plan, step: 0)
    var (unit, tick) = (0 as UInt64, 0)
    var ending: [Int: [(unit: UInt64, arm: Arm, episode: Episode)]] = [:]
    var wasPromoted = false
    while true {
      let now = Double(tick) / 2
      for _ in 0..<perSecond / 2 {
        unit += 1
        let weight = plan.weightPercent(step: step)
        let arm: Arm = hash.isCandidate(unit: unit, weightPercent: weight) ? .candidate : .stable
        let episode = draw(arm, unit, &numbers)
        evidence.saw(unit: unit, arm: arm, at: now)
        ending[tick + max(1, Int(2 * episode.length)), default: []].append((unit, arm, episode))
      }
      for (unit, arm, episode) in ending.removeValue(forKey: tick) ?? [] {
        if let divergence = episode.divergence { evidence.add(divergence, at: now) }
        if episode.isReported {
          _ = evidence.report(unit: unit, arm: arm, episodeReturn: episode.episodeReturn, at: now)
        }
      }
      evidence.advance(to: now)
      let snapshot = RolloutSnapshot(
        plan: plan, phase: phase, step: step, secondsInStep: now - stepBegan,
        candidateEpisodes: evidence.candidateEpisodes, readings: evidence.readings())
      func ended(_ end: End, _ reason: String = "") -> Outcome {
        Outcome(
          end: end, reason: reason, seconds: now - stepBegan, candidateEpisodes: evidence.candidateEpisodes,
          readings: snapshot.readings, wasPromoted: wasPromoted)
      }
      switch decide(snapshot) {
      case .wait: break
      case .advance(let next): step = next
      case .promote: (step, phase, wasPromoted) = (plan.watchStep, .watching, true)
      case .rollBack(let reason): return ended(.rolledBack(step: step), reason)
      case .pause(let reason): return ended(.paused(step: step), reason)
      case .complete: return ended(.completed)
      }
      if step != evidence.step {
        evidence = StepEvidence(plan: plan, step: step, reference: evidence.nextReference)
        stepBegan = now
      }
      tick += 1
    }
  }
}
