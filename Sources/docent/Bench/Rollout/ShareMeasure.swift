import RolloutControl
import StudentTraining
import Wire

/// How many of 100,000 episodes of one query a candidate answers at the weights of a rollout, against what its weight
/// says; and whether it is just those that the rollout's hash names.
struct ShareMeasure: WireMeasure {
  private static let weights = [1.0, 5, 25, 50]
  private static let episodes = 100_000

  let names = weights.map { "weight \(Int($0)): share of 100,000 episodes" }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try [1, 2].map { try BenchNetwork.small.policy(seed: $0) }
    return try await RolloutScene.served(policies) { scene in
      var rows: [BenchRow] = []
      for (name, weight) in zip(names, Self.weights) {
        let rollout = try await scene.start(
          RolloutPlan(candidate: 2, steps: [weight], every: 3600, gates: []))
        let hash = try RolloutScene.hash(of: rollout)
        let counted = try await onOwnThread { try Self.count(hash, weight, port: scene.teacher.port) }
        try await scene.steer(.abort)
        let expected = weight / 100
        let deviation = (expected * (1 - expected) / Double(Self.episodes)).squareRoot()
        let share = Double(counted.candidates) / Double(Self.episodes)
        rows.append(
          .rollout(
            name, abs(share - expected) / deviation, unit: "deviations", target: .atMost(4),
            details: ["percent": share * 100, "not as the hash says": Double(counted.strangers)]))
      }
      return rows
    }
  }

  private static func count(
    _ hash: ShareHash, _ weight: Double, port: UInt16
  ) throws -> (candidates: Int, strangers: Int) {
    let pipeline = try CallPipeline(port: port)
    let observation = BenchNetwork.small.observations(rows: 1)
    var (candidates, strangers) = (0, 0)
    for start in stride(from: 0, to: episodes, by: CallPipeline.queriesMax) {
      let ids = (start..<min(start + CallPipeline.queriesMax, episodes)).map { _ in UInt64.random(in: 1 ... .max) }
      let replies = try pipeline.infer(ids.map { RolloutScene.query(observation, episode: $0) })
      for (id, reply) in zip(ids, replies) {
        let isCandidate = reply.version == 2
        candidates += isCandidate ? 1 : 0
        strangers += isCandidate == hash.isCandidate(unit: id, weightPercent: weight) ? 0 : 1
      }
    }
    return (candidates, strangers)
  }
}
