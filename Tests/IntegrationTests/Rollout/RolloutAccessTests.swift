import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// Who may do what about rollouts, and whom histories name.
@Suite(.timeLimit(.minutes(1))) struct RolloutAccessTests {
  private let scene: RolloutScene

  init() throws { scene = try RolloutScene() }

  @Test("Histories name the token; one that may query reports and watches, and steers nothing")
  func scopes() async throws {
    let registry = scene.store.registry
    let operators = try registry.createToken(name: "ops", scopes: [.query, .operate], by: "test").token
    let reader = try registry.createToken(name: "reader", scopes: [.query], by: "test").token
    let publisher = try registry.createToken(name: "publisher", scopes: [.publish], by: "test").token
    _ = try await RunningTeacher.serve(registry: scene.registry, arguments: ["--tokens"]) { teacher in
      let (ops, reads) = (try await teacher.player(token: operators), try await teacher.player(token: reader))
      let started = try await ops.ask(.start, version: 2, plan: RolloutScene.slowPlan, why: "try it")
      #expect(started.who == "ops")
      try await reads.play(1)
      var events = reads.client.watch(model: "m").makeAsyncIterator()
      #expect(try await events.next()?.model == "m")
      #expect(try await reads.status().rollout == started.rollout)
      #expect(try await reads.ask(.history).rollouts.count == 1)
      for action in [.start, .pause, .resume, .promote, .abort, .rollback] as [V1.RolloutAction] {
        let refused = await reads.refusal(of: action, version: 3)
        #expect(refused?.code == .permissionDenied, "\(action)")
        #expect(refused?.message.contains("scope operate") == true, "\(action)")
      }
      let other = try await teacher.player(token: publisher)
      #expect(await other.refusal(of: .status)?.code == .permissionDenied)
      let report = await #expect(throws: WireStatus.self) {
        try await other.client.report(V1.ReportRequest(model: "m", version: 1, episode: 1))
      }
      #expect(report?.code == .permissionDenied)

      try await ops.ask(.promote, why: "it is good")
      try await ops.ask(.rollback, why: "it is not")
      for client in [ops.client, reads.client, other.client] { await client.close() }
    }
    #expect(try registry.events(of: "m").map(\.who) == ["ops", "ops", "ops"])
    let moves = try registry.history(of: "m").dropFirst()
    #expect(moves.map(\.who) == ["ops", "ops"] && moves.map(\.why) == ["it is good", "it is not"])
  }

  @Test("A token that is revoked ends its open watch")
  func revoked() async throws {
    let registry = scene.store.registry
    let token = try registry.createToken(name: "reader", scopes: [.query], by: "test").token
    let other = try registry.createToken(name: "other", scopes: [.query, .operate], by: "test").token
    _ = try await RunningTeacher.serve(registry: scene.registry, arguments: ["--tokens"]) { teacher in
      func watch(_ token: String) async throws -> RawSession {
        let session = try await RawSession.greet(try teacher.socketAddress, token: token)
        _ = await session.next()
        guard case .watchEvent = try await session.ask(1, .watch(V1.WatchRequest(model: "m"))) else {
          throw WireStatus(.unknown, "no event")
        }
        return session
      }
      let (session, stays) = (try await watch(token), try await watch(other))
      try registry.revokeToken("reader", by: "test")
      let last = await session.rest()
      #expect(
        last.contains { frame in
          if case .goAway(let goAway) = frame.body { goAway.status.code == .unauthenticated } else { false }
        })
      #expect(!last.contains { if case .watchEvent = $0.body { true } else { false } })
      // The other one's goes on.
      try await stays.send(V1.Frame(call: 2, .alias(V1.AliasRequest(model: "m", alias: "beta", version: 2))))
      var isTold = false
      while !isTold, let frame = await stays.next() {
        if case .watchEvent(let event) = frame.body, case .alias(let change) = event.event {
          isTold = change.alias == "beta" && change.who == "other"
        }
      }
      #expect(isTold)
    }
  }
}
