import Foundation
import ModelStore
import Registry
import RolloutControl
import TestSupport
import Testing
import Wire

/// A service that is killed (SIGKILL) in the middle of a rollout, and started again.
@Suite(.timeLimit(.minutes(1))) struct KilledRolloutTests {
  private let scene: RolloutScene

  init() throws { scene = try RolloutScene() }

  /// Where a rollout is when its service is killed.
  enum Moment: CaseIterable { case begun, advanced, paused, watched }

  @Test(
    "A killed service goes on at the step and the weight where it was, with the evidence that was stored",
    arguments: Moment.allCases)
  func resumption(at moment: Moment) async throws {
    let killed = try await RunningTeacher.serve(registry: scene.registry, endsInBody: true) { teacher in
      let player = try await teacher.player()
      try await reach(moment, player)
      teacher.send(SIGKILL)
    }
    #expect(killed.code == -SIGKILL, "\(killed.log)")
    try scene.expireOwner()
    let stored = try #require(try scene.newest)
    let evidence = try scene.evidence
    if moment != .advanced { #expect((evidence?.candidateEpisodes ?? 0) > 0, "some was stored") }

    let again = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let player = try await teacher.player()
      let reply = try await player.status()
      #expect(reply.rollout == stored.id && reply.state == stored.state.rawValue && reply.revision == stored.revision)
      #expect(reply.step == (moment == .watched ? 2 : stored.step) && reply.weightPercent == stored.weightPercent)
      #expect(reply.stepStartedMicroseconds == stored.stepStartedMicroseconds)
      if let evidence {
        #expect(reply.candidateEpisodes == evidence.candidateEpisodes)
        #expect(reply.stableEpisodes == evidence.stableEpisodes)
        #expect(reply.gates.map(\.units) == evidence.readings().map { UInt64($0.units) })
      }
      if moment == .paused { try await player.ask(.resume) }
      _ = try await player.play(until: { $0.endedMicroseconds != 0 })
      await player.client.close()
    }
    #expect(again.code == 0, "\(again.log)")
    let kinds = try scene.kinds()
    switch moment {
    case .begun, .advanced: #expect(kinds == ["started", "advanced", "promoted", "completed"])
    case .paused: #expect(kinds == ["started", "paused", "resumed", "advanced", "promoted", "completed"])
    case .watched: #expect(kinds == ["started", "promoted", "rolled back"], "by the gates")
    }
    #expect(try scene.stable == (moment == .watched ? 1 : 2))
  }

  private func reach(_ moment: Moment, _ player: EpisodePlayer) async throws {
    switch moment {
    case .begun:
      try await player.ask(.start, version: 2, plan: RolloutScene.quickPlan)
      _ = try await player.play(until: { $0.candidateEpisodes > 3 })
      while try (scene.evidence?.candidateEpisodes ?? 0) == 0 { try Task.checkCancellation() }
    case .advanced:
      try await player.ask(.start, version: 2, plan: RolloutScene.quickPlan)
      _ = try await player.play(until: { $0.step == 1 })
    case .paused:
      try await player.ask(.start, version: 2, plan: RolloutScene.quickPlan)
      try await player.ask(.pause)
      _ = try await player.play(until: { $0.candidateEpisodes > 3 })
      while try (scene.evidence?.candidateEpisodes ?? 0) == 0 { try Task.checkCancellation() }
    case .watched:
      try await player.ask(.start, version: 4, plan: RolloutScene.slowPlan)
      try await player.ask(.promote)
      _ = try await player.play(until: { $0.candidateEpisodes > 0 })
      while try (scene.evidence?.candidateEpisodes ?? 0) == 0 { try Task.checkCancellation() }
    }
  }

  @Test("A service that is killed again and again takes every step of a rollout once")
  func manyKills() async throws {
    let plan = RolloutScene.quickPlan.replacing("minimum_episodes: 40", with: "minimum_episodes: 100")
    var random = SeededGenerator(seed: 5)
    var listen = "127.0.0.1:0"
    var last: RolloutRecord?
    var lives = 0
    repeat {
      let (before, more) = (last, UInt64.random(in: 0...40, using: &random))
      listen = try await RunningTeacher.serve(registry: scene.registry, listen: listen, endsInBody: true) { teacher in
        let player = try await teacher.player()
        if before == nil { try await player.ask(.start, version: 2, plan: plan) }
        let reply = try await player.status()
        #expect(reply.revision >= before?.revision ?? 1)
        if let before, reply.revision == before.revision {
          #expect(reply.state == before.state.rawValue && reply.weightPercent == before.weightPercent)
        }
        // Something is stored, and then some more seen.
        let start = try (before ?? scene.newest)
        while try scene.newest == start {
          try Task.checkCancellation()
          for _ in 0..<4 { try await player.play(.random(in: 1 ... .max)) }
        }
        for _ in 0..<more { try await player.play(.random(in: 1 ... .max)) }
        teacher.send(SIGKILL)
        return teacher.address
      }.answer
      try scene.expireOwner()
      let now = try #require(try scene.newest)
      if let last { #expect(now.step >= last.step && now.revision >= last.revision) }
      last = now
      lives += 1
    } while last?.state.isActive == true && lives < 60
    #expect(try scene.kinds() == ["started", "advanced", "promoted", "completed"])
    #expect(lives < 60, "every life brings the rollout further")
  }
}
