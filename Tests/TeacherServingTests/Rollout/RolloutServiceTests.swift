import NIOCore
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// Calls about rollouts, reports and watches, to a whole service on real sockets.
@Suite(.timeLimit(.minutes(1))) struct RolloutServiceTests {
  private let store = MemoryStore()
  private let rollouts: MemoryRollouts

  init() { rollouts = MemoryRollouts(store, clock: wallMicroseconds) }

  /// Serves versions 1, which is stable, and 2 of model "m".
  private func serve(_ body: (TeacherServer, TeacherClient) async throws -> Void) async throws {
    try await LocalService.run(store, rollouts: rollouts) { server in
      for seed in 1...2 as ClosedRange<UInt8> { try await LocalService.publish(seed, on: server) }
      let client = try await TeacherClient.connect(to: "127.0.0.1:\(server.addresses[0].port ?? 0)")
      try await body(server, client)
      await client.close()
    }
  }

  private static let plan = """
    candidate: 2
    steps: [50, 100]
    every: 0.01s
    patience: 1h
    minimum_episodes: 3
    gates: []
    return_range: [-10, 10]
    watch: 0.01s
    """

  @discardableResult
  private func ask(
    _ client: TeacherClient, _ action: V1.RolloutAction, plan: String = "", why: String = ""
  ) async throws -> V1.RolloutReply {
    try await client.rollout(V1.RolloutRequest(model: "m", action: action, plan: plan, reason: why))
  }

  private func play(_ client: TeacherClient, _ episode: UInt64) async throws {
    var request = query([0.1, 0.2, 0.3, 0.4])
    request.episode = episode
    let version = try await client.infer(request).version
    try await client.report(
      V1.ReportRequest(model: "m", version: version, episode: episode, episodeReturn: 1, steps: 1))
  }

  // MARK: Watches

  private func watch(_ server: TeacherServer, model: String = "m") async throws -> RawSession {
    let session = try await RawSession.greet(server.addresses[0])
    _ = await session.next()
    try await session.send(V1.Frame(call: 1, .watch(V1.WatchRequest(model: model))))
    return session
  }

  /// The next event of the watch that is no other reading of a rollout's gates.
  private func event(_ session: RawSession, after revision: Int64 = 0) async throws -> V1.WatchEvent {
    while let frame = await session.next() {
      guard case .watchEvent(let event) = frame.body else {
        throw frame.body.status ?? WireStatus(.unknown, "\(frame)")
      }
      if case .rollout(let reply) = event.event, reply.revision == revision { continue }
      return event
    }
    throw WireStatus(.unavailable, "the connection has ended")
  }

  private func version(_ event: V1.WatchEvent) throws -> V1.Version {
    guard event.model == "m", case .version(let version) = event.event else { throw WireStatus(.unknown, "\(event)") }
    return version
  }

  private func move(_ event: V1.WatchEvent) throws -> V1.AliasChange {
    guard event.model == "m", case .alias(let change) = event.event else { throw WireStatus(.unknown, "\(event)") }
    return change
  }

  private func rollout(_ event: V1.WatchEvent) throws -> V1.RolloutReply {
    guard event.model == "m", case .rollout(let reply) = event.event else { throw WireStatus(.unknown, "\(event)") }
    return reply
  }

  @Test("A watch says what stands, then each publish, move and change of a rollout, with who and why, in their order")
  func watching() async throws {
    try await serve { server, client in
      let watcher = try await watch(server)
      #expect(try move(await event(watcher)) == V1.AliasChange(alias: "stable", to: 1))

      try await LocalService.publish(3, on: server)
      let published = try version(await event(watcher))
      #expect(published.number == 3 && published.state == .loaded)
      _ = try await client.alias(V1.AliasRequest(model: "m", alias: "beta", version: 3, reason: "to look at"))
      let moved = try move(await event(watcher))
      #expect(moved.alias == "beta" && moved.from == 0 && moved.to == 3 && moved.reason == "to look at")
      #expect(moved.who.hasPrefix("127.0.0.1:"))
      _ = try await client.alias(V1.AliasRequest(model: "m", alias: "beta", reason: "seen"))
      let removed = try move(await event(watcher))
      #expect(removed.from == 3 && removed.to == 0 && removed.reason == "seen")

      let slow = Self.plan.replacing("0.01s", with: "1h")
      let started = try await ask(client, .start, plan: slow, why: "fresh")
      let start = try rollout(await event(watcher))
      #expect(start.rollout == started.rollout && start.state == "running" && start.weightPercent == 50)
      #expect(start.reason == "fresh" && start.who == moved.who)
      // Who begins later hears what stands: the aliases, and the rollout.
      let late = try await watch(server, model: "")
      #expect(try move(await event(late)) == V1.AliasChange(alias: "stable", to: 1))
      #expect(try rollout(await event(late)).rollout == started.rollout)

      var revision = start.revision
      for (action, state) in [(.pause, "paused"), (.resume, "running")] as [(V1.RolloutAction, String)] {
        try await ask(client, action, why: state)
        let reply = try rollout(await event(watcher, after: revision))
        #expect(reply.state == state && reply.reason == state)
        revision = reply.revision
      }
      try await ask(client, .promote, why: "good")
      let promotion = try move(await event(watcher, after: revision))
      #expect(promotion.alias == "stable" && promotion.from == 1 && promotion.to == 2)
      #expect(promotion.who == moved.who && promotion.reason == "good")
      let watched = try rollout(await event(watcher, after: revision))
      #expect(watched.state == "watching" && watched.step == 2)
      try await ask(client, .rollback, why: "bad")
      let back = try move(await event(watcher, after: watched.revision))
      #expect(back.from == 2 && back.to == 1 && back.reason == "bad")
      #expect(try rollout(await event(watcher, after: watched.revision)).state == "rolled back")

      let unknown = try await watch(server, model: "nobody")
      #expect(await unknown.next()?.body.status?.code == .notFound)
      await client.close()
      await server.drain(within: .seconds(20))
      for session in [watcher, late] {
        #expect(await session.rest().last { $0.call == 1 }?.body.status?.code == .unavailable)
      }
    }
  }

  @Test("A watch says every step that a rollout takes by itself, to its end")
  func steps() async throws {
    try await serve { server, client in
      let watcher = try await watch(server)
      _ = try await event(watcher)
      try await ask(client, .start, plan: Self.plan)
      let player = Task {
        for episode in 1 ... .max as ClosedRange<UInt64> where !Task.isCancelled {
          try await play(client, episode)
          if episode.isMultiple(of: 16), try await ask(client, .status).endedMicroseconds != 0 { return }
          if rollouts.rollouts[0].state == .completed { return }
        }
      }
      var seen: [String] = []
      var revision: Int64 = 0
      while seen.last != "completed 0.0" {
        let event = try await event(watcher, after: revision)
        if case .alias(let change) = event.event {
          seen.append("\(change.alias) \(change.to) by \(change.who)")
        } else {
          let reply = try rollout(event)
          revision = reply.revision
          seen.append("\(reply.state) \(reply.weightPercent)")
        }
      }
      #expect(
        seen == ["running 50.0", "running 100.0", "stable 2 by docent-teacher", "watching 100.0", "completed 0.0"])
      try await player.value
    }
  }

  // MARK: Reports

  @Test("A report of what cannot be is refused")
  func reports() async throws {
    try await serve { _, client in
      func refusal(_ request: V1.ReportRequest) async -> WireStatus? {
        do throws(WireStatus) {
          try await client.report(request)
          return nil
        } catch {
          return error
        }
      }
      let plan = Self.plan.replacing("every: 0.01s", with: "every: 1h")
      try await ask(client, .start, plan: plan)
      var good = V1.ReportRequest(model: "m", version: 2, episode: 1, episodeReturn: 1, steps: 1)
      var other = good
      other.model = "n"
      let unknown = await refusal(other)
      #expect(unknown?.code == .notFound && unknown?.message.contains("n") == true)
      other = good
      other.version = 9
      let missing = await refusal(other)
      #expect(missing?.code == .notFound && missing?.message.contains("no version 9") == true)
      for value in [Double.nan, .infinity, -.infinity] {
        good.episodeReturn = value
        let refused = await refusal(good)
        #expect(refused?.code == .invalidArgument && refused?.message.contains("expected a finite number") == true)
      }
      // Reports are looked at where the rollout is controlled, which it is some moments after its start.
      var episode: UInt64 = 1
      while try await ask(client, .status).candidateEpisodes == 0 {
        try await play(client, episode)
        episode += 1
      }
      good.episodeReturn = 10.5
      let outside = await refusal(good)
      #expect(outside?.code == .invalidArgument)
      #expect(outside?.message.contains("a return of 10.5, expected -10.0 to 10.0") == true)

      good.episodeReturn = 1
      good.episode = 1 << 40
      #expect(await refusal(good) == nil, "nobody's")
      try await ask(client, .abort)
      #expect(await refusal(good) == nil, "no rollout asks for it any more")
    }
  }
}
