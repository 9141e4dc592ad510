import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// A rollout from its start to its end, as operators and clients see it.
@Suite(.timeLimit(.minutes(1))) struct RolloutCourseTests {
  private let scene: RolloutScene

  init() throws { scene = try RolloutScene() }

  private func docent(_ words: String...) async throws -> [[String: Any]] {
    let done = try await Program.docent.run(["rollout"] + words + ["--json"])
    try #require(done.code == 0, "\(words): \(done.errors)")
    return try done.objects
  }

  @Test("A rollout that the command line starts goes to its end under episodes that report; histories say who and why")
  func completion() async throws {
    _ = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let server = ["--server", teacher.address]
      let started = try await docent(
        "start", "m", "--server", teacher.address, "--to", "2", "--steps", "50,100", "--every", "0.01s", "--patience",
        "1h", "--minimum-episodes", "3", "--gate", "return>-90", "--gate", "agreement>0.5", "--returns", "0:100",
        "--shadow", "100", "--watch-for", "0.01s", "--reason", "fresh data")
      let first = try #require(started.first)
      #expect(first["state"] as? String == "running" && first["weight_percent"] as? Double == 50)
      #expect(first["candidate"] as? Int == 2 && first["baseline"] as? Int == 1)
      #expect(first["reason"] as? String == "fresh data")
      let player = try await teacher.player()
      _ = try await player.play(until: { $0.state == "completed" })
      #expect(try await player.begin(1) == 2, "stable is the candidate")

      let status = try #require(try await docent("status", "m", "--server", teacher.address).first)
      #expect(status["state"] as? String == "completed" && status["rollout"] as? String == first["rollout"] as? String)
      let history = try await docent("history", "m", "--server", teacher.address)
      #expect(history.count == 1 && history[0]["state"] as? String == "completed")
      let rollout = try #require(first["rollout"] as? String)
      let events = try await docent("history", "m", String(rollout.prefix(12)), "--server", teacher.address)
      #expect(events.map { $0["kind"] as? String } == ["started", "advanced", "promoted", "completed"])
      #expect(events.map { $0["weight_percent"] as? Double } == [50, 100, 100, 0])
      let operators = try #require(events[0]["who"] as? String)
      #expect(operators.hasPrefix("127.0.0.1:") && first["who"] as? String == operators)
      #expect(events.dropFirst().allSatisfy { $0["who"] as? String == "docent-teacher" })
      let reasons = events.map { $0["reason"] as? String ?? "" }
      #expect(reasons[0] == "fresh data")
      for reason in reasons[1...2] {
        #expect(reason.contains("every gate passed: return>-90: ") && reason.contains("agreement>0.5: 1 "), "\(reason)")
      }

      // The history of the aliases has the move too.
      let moves = try await Program.docent.run(["models", "history", "--model", "m", "--json"] + server)
      let move = try #require(try moves.objects.last, "\(moves.errors)")
      #expect(move["alias"] as? String == "stable" && move["from"] as? Int == 1 && move["to"] as? Int == 2)
      #expect(move["who"] as? String == "docent-teacher" && move["why"] as? String == reasons[2], "\(move)")
      await player.client.close()
    }
    #expect(try scene.stable == 2)
  }

  @Test("A rollback goes to any earlier version, ends a rollout that runs, and is what its lease says")
  func rollback() async throws {
    _ = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let player = try await teacher.player()
      for version in [2, 3, 4] as [UInt64] {
        _ = try await player.client.alias(V1.AliasRequest(model: "m", alias: "stable", version: version))
      }
      // To the one before, without naming it; then to one that is named.
      let back = try #require(try await docent("rollback", "m", "--server", teacher.address, "--reason", "worse").first)
      #expect(back["stable"] as? Int == 3 && back["rollout"] == nil)
      let far = try #require(try await docent("rollback", "m", "--server", teacher.address, "--to", "1").first)
      #expect(far["stable"] as? Int == 1)
      #expect(try await player.begin(1) == 1)
      let last = try #require(try await player.client.history(model: "m").last)
      #expect(last.alias == "stable" && last.from == 3 && last.to == 1)
      #expect(try scene.store.registry.withdrawnVersions(of: "m") == [3, 4])

      // A rollout of what was withdrawn may start; rolled back, its episodes move on.
      try await player.ask(.start, version: 4, plan: RolloutScene.slowPlan)
      var episode: UInt64 = 1
      while try await player.begin(episode) == 1 { episode += 1 }
      let ended = try #require(
        try await docent("rollback", "m", "--server", teacher.address, "--reason", "enough").first)
      #expect(ended["stable"] as? Int == 1)
      let rollout = try #require(ended["rollout"] as? [String: Any])
      #expect(rollout["state"] as? String == "rolled back" && rollout["reason"] as? String == "enough")
      let reply = try await player.client.infer(
        V1.InferRequest(
          model: "m", rows: 1, observations: EpisodePlayer.observations, episode: episode, leaseVersion: 4))
      #expect(reply.version == 1 && reply.leaseMoved)
      #expect(try await player.begin(episode) == 1)

      // With one that runs, to neither of its versions.
      try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan)
      let other = try await player.ask(.rollback, version: 3)
      #expect(other.state == "rolled back" && other.candidate == 2)
      #expect(try await player.begin(episode) == 3)
      await player.client.close()
    }
  }

  @Test("The same request again does nothing and answers the same, also after others and in another process")
  func requestIDs() async throws {
    var answers: [String: V1.RolloutReply] = [:]
    let actions: [(V1.RolloutAction, UInt64)] = [
      (.start, 2), (.pause, 0), (.resume, 0), (.promote, 0), (.rollback, 0), (.start, 3), (.abort, 0), (.rollback, 2),
    ]
    @Sendable func ask(_ number: Int, _ player: EpisodePlayer) async throws -> V1.RolloutReply {
      let (action, version) = actions[number]
      return try await player.ask(
        action, version: version, plan: action == .start ? RolloutScene.slowPlan : "", id: "request \(number)",
        why: "number \(number)")
    }
    for life in 1...2 {
      let known = answers
      answers = try await RunningTeacher.serve(registry: scene.registry) { teacher in
        var answers = known
        let player = try await teacher.player()
        for number in actions.indices {
          for _ in 1...2 {
            let answer = try await ask(number, player)
            #expect(answers["\(number)"] ?? answer == answer, "\(actions[number]) in life \(life)")
            answers["\(number)"] = answer
          }
        }
        await player.client.close()
        return answers
      }.answer
    }
    #expect(
      try scene.kinds() == ["started", "paused", "resumed", "promoted", "rolled back", "started", "aborted"])
    #expect(try scene.stable == 2)
    #expect(try scene.store.registry.history(of: "m").count == 4, "published, promoted, and twice back")
    let states = actions.indices.map { answers["\($0)"]?.state }
    #expect(states == ["running", "paused", "running", "watching", "rolled back", "running", "aborted", ""])
  }
}
