import Foundation
package import RolloutControl

extension SimulatedRollout {
  /// What an episode of CartPole can return.
  package static let cartPoleReturns = ReturnRange(low: 0, high: 500)
}

extension SimulatedRollout.Episode {
  /// An episode of CartPole's kind: as long as its return is high, with 10 sampled rows.
  ///
  /// - Parameters:
  ///   - mean: of the returns, whose standard deviation is 100 where they do not meet the range's ends.
  ///   - kl: the mean of a row's divergence; 0: both versions answer alike.
  ///   - agreement: the chance that a row's greedy actions agree, where the divergence is not 0.
  package init(
    likeCartPole mean: Double, unit: UInt64, _ numbers: inout Numbers, kl: Double = 0, agreement: Double = 1
  ) {
    let range = SimulatedRollout.cartPoleReturns
    let episodeReturn = min(max(mean + 100 * numbers.normal(), range.low), range.high)
    var divergence = UnitDivergence(unit: unit, rows: 10, agreement: 10)
    if kl > 0 {
      divergence.agreement = 0
      for _ in 0..<10 {
        divergence.kl -= kl * log(1 - numbers.unit())  // a row's is exponentially distributed
        divergence.agreement += numbers.unit() < agreement ? 1 : 0
      }
    }
    self.init(length: episodeReturn / 50, episodeReturn: episodeReturn, divergence: divergence)
  }
}

extension RolloutPlan {
  /// Gates of every kind, alpha 0.05, over the simulated episodes of CartPole's kind.
  package static let simulated = RolloutPlan(
    candidate: 2, steps: [10, 50, 100], every: 20, patience: 120, minimumEpisodes: 20,
    gates: [Gate(.kl, 0.05), Gate(.agreement, 0.95), Gate(.errors, 0.05), Gate(.returns, -50)],
    returnRange: SimulatedRollout.cartPoleReturns)
}
