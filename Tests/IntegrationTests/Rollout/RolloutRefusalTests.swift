import ModelStore
import Neural
import Registry
import RolloutControl
import TestSupport
import Testing
import Wire

/// What a rollout is refused for, each time with what was given and what was expected, and nothing is changed by it.
@Suite(.timeLimit(.minutes(1))) struct RolloutRefusalTests {
  private let scene: RolloutScene

  init() throws { scene = try RolloutScene() }

  private struct Case {
    var what: String
    var model = "m"
    var version: UInt64 = 0
    var plan = ""
    var code: WireStatus.Code
    var says: [String]
  }

  /// Versions 5 to 8 of model "m": narrower, of another head, with values, and of 1.4 MB; and a model without `stable`.
  private func publishOthers() throws {
    func policy(width: Int = 4, head: Head = .categorical(actions: 2), hidden: [Int] = [], hasValue: Bool = false)
      throws
      -> Policy
    {
      let architecture = try PolicyArchitecture(
        environment: "CartPole-v1", observationWidth: width, head: head, policyHidden: hidden, hasValue: hasValue)
      return TrainableNetwork(architecture: architecture, seed: 1).policy
    }
    let policies = [
      try policy(width: 3), try policy(head: .categorical(actions: 3)), try policy(hidden: [4], hasValue: true),
      try policy(hidden: [600, 600]),
    ]
    for policy in policies { _ = try scene.store.publish(policy, model: "m", who: "test") }
    for _ in 1...2 { _ = try scene.store.publish(try policy(), model: "bare", who: "test") }
    try scene.store.registry.moveAlias(model: "bare", alias: "stable", to: nil, who: "test", why: "")
  }

  private static let cases = [
    Case(what: "an unknown model", model: "n", version: 2, code: .notFound, says: ["n", "bare", "m"]),
    Case(what: "an unknown version", version: 99, code: .notFound, says: ["no version 99", "1, 2, 3, 4, 5"]),
    Case(what: "what is stable", version: 1, code: .failedPrecondition, says: ["version 1", "stable already"]),
    Case(what: "no stable", model: "bare", version: 1, code: .failedPrecondition, says: ["no alias 'stable'"]),
    Case(what: "no YAML", version: 2, plan: "steps: [", code: .invalidArgument, says: ["plan:", "no YAML"]),
    Case(what: "a list", version: 2, plan: "[1, 2]", code: .invalidArgument, says: ["expected a mapping"]),
    Case(
      what: "an unknown key", version: 2, plan: "every: 1h\nstepz: [1]", code: .invalidArgument,
      says: ["plan:2: unknown key 'stepz'", "steps"]),
    Case(
      what: "a plan that is too large", version: 2, plan: "# " + String(repeating: "x", count: 65_535),
      code: .invalidArgument, says: ["65537 bytes", "at most 65536"]),
    Case(
      what: "lists in lists", version: 2, plan: "steps: " + String(repeating: "[", count: 60_000),
      code: .invalidArgument, says: ["plan"]),
    Case(
      what: "maps in maps", version: 2, plan: String(repeating: "{a: ", count: 15_000), code: .invalidArgument,
      says: ["plan"]),
    Case(what: "no candidate", plan: "steps: [5]", code: .invalidArgument, says: ["candidate is missing"]),
    Case(
      what: "two candidates", version: 2, plan: "candidate: 3", code: .invalidArgument,
      says: ["version 2", "candidate is 3", "expected one"]),
    Case(
      what: "steps that fall", version: 2, plan: "steps: [50, 5]", code: .invalidArgument,
      says: ["steps is [50, 5]", "larger than the one before"]),
    Case(
      what: "no evidence", version: 2, plan: "minimum_episodes: 0", code: .invalidArgument, says: ["expected 1 or more"]
    ),
    Case(
      what: "a range of returns that nothing can be added in", version: 2,
      plan: "gates: [return>0]\nreturn_range: [-1e308, 0]", code: .invalidArgument,
      says: ["return_range is [-1e+308, 0]"]
    ),
    Case(
      what: "a threshold that nothing can be held against", version: 2, plan: "gates: [kl<1e308]",
      code: .invalidArgument, says: ["gate 'kl<1e+308'"]),
    Case(
      what: "a gate on values without values", version: 2, plan: "gates: [value<1]", code: .failedPrecondition,
      says: ["gate on values", "version 1", "expected a plan without"]),
    Case(
      what: "a gate on values where stable has none", version: 7, plan: "gates: [value<1]", code: .failedPrecondition,
      says: ["gate on values", "version 1"]),
    Case(
      what: "another width", version: 5, code: .failedPrecondition,
      says: ["version 5 of model m takes 3 numbers", "clients of version 1", "4 and"]),
    Case(what: "another head", version: 6, code: .failedPrecondition, says: ["version 6", "3", "expected"]),
    Case(
      what: "memory that it does not fit in", version: 8, code: .resourceExhausted,
      says: ["version 8 of model m takes 2918536 bytes", "expected at most 1048576 together"]),
  ]

  @Test("A start that cannot be is refused, and leaves no rollout")
  func starts() async throws {
    try publishOthers()
    _ = try await RunningTeacher.serve(registry: scene.registry, arguments: ["--memory-max", "1MiB"]) { teacher in
      let player = try await teacher.player()
      for refused in Self.cases {
        let status = await player.refusal(
          of: .start, model: refused.model, version: refused.version, plan: refused.plan)
        #expect(status?.code == refused.code, "\(refused.what): \(String(describing: status))")
        for text in refused.says {
          #expect(status?.message.contains(text) == true, "\(refused.what): \(status?.message ?? "")")
        }
      }
      #expect(try await player.status() == V1.RolloutReply(model: "m"))
      #expect(try await player.ask(.history) == V1.RolloutReply(model: "m"))

      let first = try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan)
      let second = await player.refusal(of: .start, version: 3, plan: RolloutScene.slowPlan)
      #expect(second?.code == .failedPrecondition)
      #expect(second?.message.contains("has an active rollout, \(first.rollout) (running, of version 2)") == true)
      let moved = await #expect(throws: WireStatus.self) {
        try await player.client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 3))
      }
      #expect(moved?.code == .failedPrecondition && moved?.message.contains("promote or abort it first") == true)
      #expect(try scene.kinds() == ["started"] && scene.stable == 1)
      await player.client.close()
    }
  }

  @Test("Changes that a rollout's state does not allow are refused, and change nothing")
  func changes() async throws {
    _ = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let player = try await teacher.player()
      func refused(_ action: V1.RolloutAction, version: UInt64 = 0, id: String = "", _ says: String) async throws {
        let before = try scene.newest
        let status = await player.refusal(of: action, version: version, id: id)
        #expect(status?.code == .failedPrecondition, "\(action): \(String(describing: status))")
        #expect(status?.message.contains(says) == true, "\(action): \(String(describing: status))")
        #expect(try scene.newest == before && scene.stable == 1)
      }
      for action in [.pause, .resume, .promote, .abort] as [V1.RolloutAction] {
        try await refused(action, "has had no rollout")
      }
      try await refused(.rollback, "no version before that")
      try await refused(.rollback, version: 1, "stable already")
      #expect(await player.refusal(of: .rollback, version: 99)?.code == .notFound)

      try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan, id: "used")
      try await refused(.resume, "it is running, expected paused")
      try await refused(.rollback, version: 2, "is the candidate")
      try await refused(.pause, id: "used", "'used' was already used for 'rollout-start m 2 ")
      try await player.ask(.pause)
      try await refused(.pause, "it is paused, expected running")
      try await player.ask(.rollback)
      for action in [.pause, .resume, .promote, .abort] as [V1.RolloutAction] {
        try await refused(action, "it has ended (rolled back: )")
      }
      try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan)
      try await player.ask(.abort, why: "once")
      try await refused(.abort, "it has ended (aborted: once)")
      try await player.ask(.start, version: 2, plan: RolloutScene.slowPlan)
      try await player.ask(.promote)
      let twice = await player.refusal(of: .promote)
      #expect(twice?.message.contains("it is watching, expected running or paused") == true)
      let late = await player.refusal(of: .abort)
      #expect(late?.message.contains("roll it back instead") == true, "\(String(describing: late))")

      let long = await player.refusal(of: .rollback, why: String(repeating: "x", count: 4097))
      #expect(long?.code == .invalidArgument && long?.message.contains("a reason of 4097 bytes") == true)
      let named = await player.refusal(of: .rollback, id: String(repeating: "x", count: 257))
      #expect(named?.code == .invalidArgument && named?.message.contains("257 bytes") == true)
      let unknown = await player.refusal(of: .unrecognized(99))
      #expect(unknown?.code == .invalidArgument && unknown?.message.contains("action 99") == true)
      #expect(try scene.stable == 2)
      await player.client.close()
    }
  }

  @Test("A plan of the most extreme numbers is carried out like any other, and its evidence is stored")
  func extremes() async throws {
    let plan = """
      steps: [1e-300, 100]
      every: 1e300s
      patience: 0
      minimum_episodes: 9223372036854775807
      gates: [kl<1e-320, value<1e300, agreement>0.9999999999999999, errors<1e-320, latency<1e300, return>-1e300]
      return_range: [-1e300, 1e300]
      shadow_percent: 100
      alpha: 5e-324
      episode_timeout: 1e300s
      watch: 1e300s
      """
    let withValues = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [], hasValue: true)
    for seed in 1...2 as ClosedRange<UInt64> {
      _ = try scene.store.publish(
        TrainableNetwork(architecture: withValues, seed: seed).policy, model: "m", who: "test")
    }
    try scene.store.registry.moveAlias(model: "m", alias: "stable", to: 5, who: "test", why: "")
    let ended = try await RunningTeacher.serve(registry: scene.registry) { teacher in
      let player = try await teacher.player()
      try await player.ask(.start, version: 6, plan: plan)
      let reply = try await player.play(until: { $0.stableEpisodes > 0 && $0.gates[0].units > 0 })
      #expect(reply.state == "running" && reply.weightPercent == 1e-300)
      for gate in reply.gates {
        for number in [gate.estimate, gate.lower, gate.upper] { #expect(number?.isFinite ?? true, "\(gate)") }
      }
      while try scene.evidence?.stableEpisodes ?? 0 == 0 { try Task.checkCancellation() }
      let text = try await Program.docent.run("rollout", "status", "m", "--server", teacher.address)
      #expect(text.code == 0, "\(text.errors)")
      let promoted = try await player.ask(.promote)
      #expect(promoted.state == "watching")
      _ = try await player.play(until: { $0.candidateEpisodes > 0 })
      #expect(try await player.ask(.rollback).state == "rolled back")
      await player.client.close()
    }
    #expect(ended.code == 0)
  }
}
