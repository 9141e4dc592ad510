import Neural
import RolloutControl
import Wire

/// What a rollout costs in throughput: calls a second of one load, without a rollout, with one that shares the traffic
/// alone, with one whose shadow computes 10% of the rows too, and of queries that name an episode and its version; of
/// four services, in turns.
struct ShadowMeasure: WireMeasure {
  let connections, depth: Int

  var names: [String] {
    [
      "shadow at 10%, calls/s against a rollout without", "shadow at 10%, calls/s against no rollout",
      "shadow at 10%, episodes under leases, calls/s against plain ones",
      "no rollout, episodes under leases, calls/s against plain ones",
    ].map { "\(connections) connections x \(depth), \($0)" }
  }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try [1, 2].map { try BenchNetwork.small.policy(seed: $0) }
    return try await RolloutScene.served(policies) { plain in
      try await RolloutScene.served(policies) { sharing in
        try await RolloutScene.served(policies) { shadowing in
          _ = try await sharing.start(RolloutPlan(candidate: 2, steps: [1], every: 3600, gates: []))
          // A gate that no candidate fails: KL has no such bound.
          _ = try await shadowing.start(
            RolloutPlan(candidate: 2, steps: [1], every: 3600, gates: [Gate(.kl, 1e9)], shadowPercent: 10))
          return try await measure(effort, plain: plain, sharing: sharing, shadowing: shadowing)
        }
      }
    }
  }

  private func measure(
    _ effort: WireEffort, plain: RolloutScene, sharing: RolloutScene, shadowing: RolloutScene
  ) async throws -> [BenchRow] {
    let observation = BenchNetwork.small.observations(rows: 1)
    let query = WireFrames.load(of: RolloutScene.query(observation))
    let leased = WireFrames.load(of: RolloutScene.query(observation, episode: 1 << 40, lease: 1))
    func rate(_ scene: RolloutScene, _ frames: LoadGenerator.Frames) async throws -> Double {
      try await LoadGenerator(frames: frames, seconds: effort.seconds, replyBytesMin: 16)
        .run(port: scene.teacher.port, connections: connections, depth: depth).callsPerSecond
    }
    // In the order that keeps what is compared together.
    let rounds = try await effort.pairs("shadow, \(connections) x \(depth)") {
      (sharing: try await rate(sharing, query), shadowing: try await rate(shadowing, query))
    } _: {
      (
        plain: try await rate(plain, query), leased: try await rate(plain, leased),
        shadowed: try await rate(shadowing, leased)
      )
    }
    let details = [
      "no rollout": median(rounds.map(\.second.plain)), "without shadow": median(rounds.map(\.first.sharing)),
      "shadow": median(rounds.map(\.first.shadowing)), "leases": median(rounds.map(\.second.leased)),
      "leases with shadow": median(rounds.map(\.second.shadowed)),
    ]
    func row(_ place: Int, _ ratios: [Double], _ target: BenchRow.Target?) -> BenchRow {
      var details = place == 0 ? details : [:]
      details["least"] = ratios.min()
      details["most"] = ratios.max()
      return .rollout(names[place], median(ratios), unit: "x", target: target, details: details)
    }
    return [
      row(0, rounds.map { $0.first.shadowing / $0.first.sharing }, .atLeast(0.85)),
      row(1, rounds.map { $0.first.shadowing / $0.second.plain }, .atLeast(0.85)),
      row(2, rounds.map { $0.second.shadowed / $0.first.shadowing }, nil),
      row(3, rounds.map { $0.second.leased / $0.second.plain }, nil),
    ]
  }
}
