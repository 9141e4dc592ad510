import Environments
import Foundation
import RolloutControl
import RolloutSimulation
import StudentTraining
import Wire

/// A candidate whose returns are 20% lower than stable's, with no gate but the one on returns: after how many of its
/// episodes it is caught. Its episodes are of one query; their returns are drawn, and reported.
struct ReturnsMeasure: WireMeasure {
  private static let range = ReturnRange(low: 0, high: 200)
  private static let means = (stable: 100.0, candidate: 80.0)
  private static let deviation = 30.0
  private static let rollouts = 5
  /// Between two looks of the service at most some hundred episodes end.
  private static let episodesPerSecond = 4000.0
  private static let episodesAtOnce = 40
  private static let episodesMax = 100_000

  let names = [
    "returns 20% lower, divergence gates off: caught in the 1% step",
    "returns 20% lower: candidate's episodes until caught",
    "returns 20% lower, simulated: candidate's episodes until caught",
  ]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try [1, 2].map { try BenchNetwork.small.policy(seed: $0) }
    let seen = try await RolloutScene.served(policies) { scene in
      var seen: [Seen] = []
      for seed in 0..<Self.rollouts {
        let plan = RolloutPlan(candidate: 2, gates: [Gate(.returns, -5)], returnRange: Self.range)
        _ = try await scene.start(plan)
        seen.append(try await onOwnThread { try Self.play(seed: UInt64(seed), port: scene.teacher.port) })
      }
      return seen
    }
    let caught = seen.count { $0.reply.state == "rolled back" && $0.reply.step == 0 }
    let episodes = seen.map { Double($0.reply.candidateEpisodes) }
    let simulated = Self.simulate()
    return [
      .rollout(
        names[0], Double(caught) / Double(seen.count), unit: "of the rollouts", target: .atLeast(1),
        details: [
          "rollouts": Double(seen.count), "episodes of both arms": median(seen.map { Double($0.episodes) }),
          "s": median(seen.map(\.seconds)),
        ]),
      .rollout(
        names[1], median(episodes), unit: "episodes",
        details: ["least": episodes.min() ?? .nan, "most": episodes.max() ?? .nan]),
      .rollout(
        names[2], median(simulated), unit: "episodes",
        details: ["least": simulated.min() ?? .nan, "most": simulated.max() ?? .nan]),
    ]
  }

  // MARK: Live

  private struct Seen: Sendable {
    var reply: V1.RolloutReply
    var episodes: Int
    var seconds: Double
  }

  /// Plays and reports until the rollout runs no more.
  private static func play(seed: UInt64, port: UInt16) throws -> Seen {
    let pipeline = try CallPipeline(port: port)
    let observation = BenchNetwork.small.observations(rows: 1)
    var numbers = Numbers(seed: Int(seed))
    let began = ContinuousClock.now
    var episodes = 0
    var last = V1.RolloutReply()
    while episodes < episodesMax {
      let ids = (0..<episodesAtOnce).map { _ in UInt64.random(in: 1 ... .max) }
      let replies = try pipeline.infer(ids.map { RolloutScene.query(observation, episode: $0) })
      try pipeline.report(
        zip(ids, replies).map { id, reply in
          V1.ReportRequest(
            model: RolloutScene.model, version: reply.version, episode: id,
            episodeReturn: episodeReturn(reply.version == 2 ? means.candidate : means.stable, &numbers), steps: 100)
        })
      episodes += ids.count
      last = try pipeline.rollout(.status)
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      if last.state != "running" { return Seen(reply: last, episodes: episodes, seconds: seconds) }
      Thread.sleep(forTimeInterval: max(0, Double(episodes) / episodesPerSecond - seconds))
    }
    throw BenchFailure("a candidate whose returns are 20% lower is not caught after \(episodes) episodes: \(last)")
  }

  private static func episodeReturn(_ mean: Double, _ numbers: inout Numbers) -> Double {
    min(max(mean + deviation * numbers.normal(), range.low), range.high)
  }

  // MARK: Simulated

  private static func simulate() -> [Double] {
    (0..<100).map { seed in
      let plan = RolloutPlan(candidate: 2, gates: [Gate(.returns, -5)], returnRange: range)
      var rollout = SimulatedRollout(plan, seed: seed, perSecond: 100) { arm, _, numbers in
        let drawn = episodeReturn(arm == .candidate ? means.candidate : means.stable, &numbers)
        return SimulatedRollout.Episode(length: drawn / 10, episodeReturn: drawn)
      }
      let outcome = rollout.run()
      return outcome.end == .rolledBack(step: 0) ? Double(outcome.candidateEpisodes) : .infinity
    }
  }
}
