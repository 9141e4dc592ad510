import Neural
import RolloutControl
import Wire

/// What a rollout costs in throughput: calls a second of one load, without a rollout, with one that shares the traffic
/// alone, with one whose shadow computes 10% of the rows too, and of queries that name an episode and its version; of
/// four services, in turns.
struct ShadowMeasure: WireMeasure {
  let connections, depth: Int

  /// Loads in the place of one: the shorter they are, the more alike is what the machine does during two of them.
  private static let slices = 4.0

  var names: [String] {
    [
      "10% shadow against 0%", "10% shadow against no rollout", "10% shadow, leases against none",
      "no rollout, leases against none",
    ].map { "\(connections) connections x \(depth), calls/s: \($0)" }
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
    /// Of the service and of the load.
    struct Cost {
      var rate, processorMicroseconds: Double
    }
    func cost(_ scene: RolloutScene, _ frames: LoadGenerator.Frames) async throws -> Cost {
      let load = LoadGenerator(
        frames: frames, warmupSeconds: 0.05, seconds: effort.seconds / Self.slices, replyBytesMin: 16)
      let before = try scene.teacher.processorSeconds()
      let measured = try await load.run(port: scene.teacher.port, connections: connections, depth: depth)
      let used = try scene.teacher.processorSeconds() - before
      // The warm-up's calls cost as much.
      let calls = measured.callsPerSecond * (load.warmupSeconds + load.seconds)
      return Cost(rate: measured.callsPerSecond, processorMicroseconds: used * 1e6 / calls)
    }
    var slices = effort
    slices.pairs *= Int(Self.slices)
    // In the order that keeps what is compared together.
    let rounds = try await slices.pairs("shadow, \(connections) x \(depth)") {
      (sharing: try await cost(sharing, query), shadowing: try await cost(shadowing, query))
    } _: {
      (
        plain: try await cost(plain, query), leased: try await cost(plain, leased),
        shadowed: try await cost(shadowing, leased)
      )
    }
    var details: [String: Double] = [:]
    func note(_ name: String, _ costs: [Cost]) {
      details["\(name), calls/s"] = median(costs.map(\.rate))
      // A mean: the kernel counts in hundredths of a second.
      details["\(name), CPU us"] = costs.reduce(0) { $0 + $1.processorMicroseconds } / Double(costs.count)
    }
    note("no rollout", rounds.map(\.second.plain))
    note("without shadow", rounds.map(\.first.sharing))
    note("shadow", rounds.map(\.first.shadowing))
    note("leases", rounds.map(\.second.leased))
    note("leases with shadow", rounds.map(\.second.shadowed))
    func row(_ place: Int, _ ratios: [Double], _ target: BenchRow.Target?) -> BenchRow {
      .rollout(names[place], ratios: ratios, unit: "x", target: target, details: place == 0 ? details : [:])
    }
    return [
      row(0, rounds.map { $0.first.shadowing.rate / $0.first.sharing.rate }, .atLeast(0.85)),
      row(1, rounds.map { $0.first.shadowing.rate / $0.second.plain.rate }, .atLeast(0.85)),
      row(2, rounds.map { $0.second.shadowed.rate / $0.first.shadowing.rate }, nil),
      row(3, rounds.map { $0.second.leased.rate / $0.second.plain.rate }, nil),
    ]
  }
}
