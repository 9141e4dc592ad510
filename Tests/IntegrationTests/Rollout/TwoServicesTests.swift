import Foundation
import ModelStore
import Registry
import RolloutControl
import TestSupport
import Testing
import Wire

/// Two services on one registry: one of them controls its rollouts.
@Suite(.timeLimit(.minutes(1))) struct TwoServicesTests {
  private let scene: RolloutScene

  init() throws { scene = try RolloutScene() }

  private func controls(_ teacher: RunningTeacher) throws -> Bool {
    try scene.store.registry.owner(of: Ownership.rollouts)?.owner.hasPrefix("\(teacher.processIdentifier)-") == true
  }

  /// Serves twice, and starts a rollout that the first one controls.
  private func serve(
    version: UInt64, plan: String, endsInBody: Bool = false,
    _ body: @Sendable (_ first: RunningTeacher, _ second: RunningTeacher) async throws -> Void
  ) async throws {
    _ = try await RunningTeacher.serve(registry: scene.registry, endsInBody: endsInBody) { first in
      let player = try await first.player()
      try await player.ask(.start, version: version, plan: plan)
      while try !controls(first) { try Task.checkCancellation() }
      _ = try await RunningTeacher.serve(registry: scene.registry) { second in try await body(first, second) }
      await player.client.close()
    }
  }

  @Test("Both send the same episodes to the candidate, and either one's operators steer both")
  func agreement() async throws {
    try await serve(version: 2, plan: RolloutScene.slowPlan) { first, second in
      let (one, other) = (try await first.player(), try await second.player())
      var candidates: [UInt64] = []
      for episode in 1...200 as ClosedRange<UInt64> {
        let version = try await one.begin(episode)
        #expect(try await other.begin(episode) == version, "episode \(episode)")
        if version == 2 { candidates.append(episode) }
      }
      #expect((50...150).contains(candidates.count))

      let paused = try await other.ask(.pause, why: "a look at the machines")
      #expect(paused.state == "paused")
      let seen = try await one.status()
      #expect(seen.state == "paused" && seen.reason == "a look at the machines" && seen.revision == paused.revision)
      #expect(try await one.ask(.resume).state == "running")
      #expect(try await other.status().state == "running")
      #expect(try controls(first))
      try await other.ask(.abort)
      #expect(try await other.begin(candidates[0]) == 1)
      // Of a service that nobody asks anything but queries, the next look at the registry is waited for.
      while try await one.begin(candidates[0]) == 2 { try Task.checkCancellation() }
      #expect(try scene.kinds() == ["started", "paused", "resumed", "aborted"])
      for client in [one.client, other.client] { await client.close() }
    }
  }

  @Test("A version that is promoted by way of the other service is held against the returns that were reported")
  func promotion() async throws {
    let plan = """
      steps: [50]
      every: 1h
      gates: [return>-50]
      return_range: [0, 100]
      """
    try await serve(version: 2, plan: plan) { first, second in
      let (one, other) = (try await first.player(), try await second.player())
      _ = try await one.play(until: { $0.stableEpisodes > 3 })
      while try scene.evidence?.stableEpisodes ?? 0 == 0 { try Task.checkCancellation() }
      let promoted = try await other.ask(.promote)
      #expect(promoted.state == "watching")
      #expect(promoted.gates.map(\.note) == [""])
      let watched = try await one.play(until: { $0.gates.first?.units ?? 1 > 0 })
      #expect(watched.state == "watching" && watched.gates.first?.estimate == 0, "all returns are the same")
      for client in [one.client, other.client] { await client.close() }
    }
  }

  @Test("When the one that controls is killed, the other one takes over, and brings the rollout to its end")
  func takeover() async throws {
    try await serve(version: 2, plan: RolloutScene.quickPlan, endsInBody: true) { first, second in
      let (one, other) = (try await first.player(), try await second.player())
      _ = try await one.play(until: { $0.step == 1 })
      let fence = try #require(try scene.store.registry.owner(of: Ownership.rollouts)?.fence)
      first.send(SIGKILL)
      #expect(try await other.status().step == 1)
      try scene.expireOwner()
      _ = try await other.play(until: { $0.endedMicroseconds != 0 })
      #expect(try controls(second))
      #expect(try scene.store.registry.owner(of: Ownership.rollouts)?.fence == fence + 1)
      await other.client.close()
    }
    #expect(try scene.kinds() == ["started", "advanced", "promoted", "completed"])
    #expect(try scene.stable == 2)
  }

  @Test("A service that is asked to end lets the next one control the rollouts at once")
  func handover() async throws {
    let ended = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let player = try await teacher.player()
      try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan)
      while try !controls(teacher) { try Task.checkCancellation() }
      await player.client.close()
    }
    #expect(ended.code == 0)
    let next = try scene.store.registry.takeOwnership(of: Ownership.rollouts, owner: "next", for: 1)
    #expect(next?.fence == 2)
  }

  @Test("A service that stood still while another one took over decides nothing any more")
  func stalled() async throws {
    try await serve(version: 2, plan: RolloutScene.quickPlan) { first, second in
      let (one, other) = (try await first.player(), try await second.player())
      _ = try await one.play(until: { $0.candidateEpisodes > 3 })
      defer { first.send(SIGCONT) }
      // Not in the middle of a transaction, which nobody gets past.
      repeat {
        try Task.checkCancellation()
        first.send(SIGCONT)
        first.send(SIGSTOP)
      } while (try? scene.expireOwner(patience: 0)) == nil
      while try !controls(second) { try Task.checkCancellation() }
      first.send(SIGCONT)
      // As many episodes at the first one as it would need.
      for episode in 1000..<1200 as Range<UInt64> { try await one.play(episode) }
      #expect(try await other.play(until: { $0.endedMicroseconds != 0 }).state == "completed")
      #expect(try await one.status().state == "completed")
      #expect(try controls(second))
      for client in [one.client, other.client] { await client.close() }
    }
    #expect(try scene.kinds() == ["started", "advanced", "promoted", "completed"])
  }
}
