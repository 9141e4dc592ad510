import Foundation
import Neural
import RolloutControl
import StudentTraining
import Wire

/// Candidates that do something else than stable, behind the default gates while clients play CartPole: whether they are
/// caught while they have 1% of the episodes, after how much evidence, and how soon after it they answer nobody any more.
///
/// Evidence is complete when the report is sent that ends its last unit. Which one that was cannot be seen from outside;
/// the first report after the last look at which the gate was still undecided is taken, so the time is at most too long.
struct DivergenceMeasure: WireMeasure {
  private static let noiseKL = 0.13
  private static let rollouts = 5
  private static let candidates = ["permuted actions", "noise of KL 0.13"]

  let names = candidates.flatMap { ["\($0): caught in the 1% step", "\($0): gone after the evidence"] }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try await onOwnThread { try BadPolicies(kl: Self.noiseKL) }
    return try await RolloutScene.served([policies.stable, policies.permuted, policies.noisy]) { scene in
      let players = CartPolePlayers(port: scene.teacher.port)
      return try await running({ try await onOwnThread { try players.play() } }, until: players.isOver) {
        while !players.isWarm { try await Task.sleep(for: .milliseconds(10)) }
        var details = ["return": policies.returns.permuted, "stable's return": policies.returns.stable]
        var rows = try await catches(2, 0, details, players, scene)
        details["return"] = policies.returns.noisy
        details["KL"] = policies.noisyKL
        rows += try await catches(3, 1, details, players, scene)
        return rows
      }.answer
    }
  }

  private func catches(
    _ candidate: UInt64, _ place: Int, _ details: [String: Double], _ players: CartPolePlayers, _ scene: RolloutScene
  ) async throws -> [BenchRow] {
    var details = details
    var (seconds, units, taken): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<Self.rollouts {
      let rollout = try await scene.start(RolloutPlan(candidate: candidate))
      // What was reported before it was there is no evidence.
      let age = Date.now.timeIntervalSince1970 - Double(rollout.createdMicroseconds) / 1e6
      let began = ContinuousClock.now - .seconds(age)
      let seen = try await RollbackWatch(port: scene.teacher.port, rollout: rollout).run()
      let reports = players.reports(of: 1, since: began)
      guard seen.unitsBefore < reports.count else {
        throw BenchFailure("\(seen.units) units were counted, and \(reports.count) episodes reported")
      }
      seconds.append((seen.movedAt - reports[seen.unitsBefore]) / .seconds(1))
      taken.append((seen.movedAt - began) / .seconds(1))
      units.append(Double(seen.units))
      details["by \(seen.gate)", default: 0] += 1
      // The next one begins with episodes that this one has not moved.
      try await Task.sleep(for: .milliseconds(200))
    }
    details["units"] = median(units)
    details["most units"] = units.max()
    details["s since the start"] = median(taken)
    return [
      .rollout(
        names[2 * place], Double(units.count) / Double(Self.rollouts), unit: "of the rollouts", target: .atLeast(1),
        details: details),
      .rollout(
        names[2 * place + 1], seconds.max() ?? .nan, unit: "s", target: .atMost(1),
        details: ["median": median(seconds), "rollouts": Double(seconds.count)]),
    ]
  }
}
