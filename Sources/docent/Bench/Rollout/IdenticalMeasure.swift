import RolloutControl
import RolloutSimulation

/// Whole rollouts of a candidate that is stable's bytes, on a simulated clock: how many are rolled back by chance.
struct IdenticalMeasure: WireMeasure {
  private static let rollouts = 200

  let names = ["200 simulated rollouts of identical bytes, alpha 0.05: rolled back"]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    var promoted = 0
    var rolledBack = 0
    for seed in 0..<Self.rollouts {
      var rollout = SimulatedRollout(.simulated, seed: seed) { _, unit, numbers in
        SimulatedRollout.Episode(likeCartPole: 350, unit: unit, &numbers)
      }
      let outcome = rollout.run()
      promoted += outcome.wasPromoted ? 1 : 0
      if case .rolledBack = outcome.end { rolledBack += 1 }
    }
    return [
      .rollout(
        names[0], Double(rolledBack), unit: "rollouts", target: .atMost(20), details: ["promoted": Double(promoted)])
    ]
  }
}
