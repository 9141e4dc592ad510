import Testing

@testable import Wire

/// Calls about rollouts, watches of models and episodes over real sockets.
@Suite("A client's rollouts", .timeLimit(.minutes(1)))
struct ClientRolloutTests {
  private var configuration: ClientConfiguration {
    var configuration = ClientConfiguration.defaults
    configuration.reconnect = Backoff(initial: .milliseconds(1))
    configuration.retries.backoff = Backoff(initial: .milliseconds(1))
    return configuration
  }

  private static func rollout(_ session: ScriptedTeacher.Session) async throws -> (call: UInt32, V1.RolloutRequest) {
    let frame = try await session.read()
    guard case .rollout(let request) = frame.body else {
      Issue.record("\(frame) is no call about a rollout")
      return (frame.call, V1.RolloutRequest())
    }
    return (frame.call, request)
  }

  // MARK: Rollouts and reports

  @Test("What changes a rollout has an id, the same on every attempt; what only asks has none; one that is given stays")
  func requestIDs() async throws {
    let reply = MessageSamples.rollout
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      let (first, start) = try await Self.rollout(session)
      #expect(start.requestID.count == 32 && start.plan == "steps: [5]" && start.version == 3)
      try await session.write(.status(first, .unavailable, "later"))
      let (second, again) = try await Self.rollout(session)
      #expect(again == start)
      try await session.write(V1.Frame(call: second, .rolloutReply(reply)))
      for action in [V1.RolloutAction.status, .history] {
        let (call, request) = try await Self.rollout(session)
        #expect(request == V1.RolloutRequest(model: "m", action: action))
        try await session.write(V1.Frame(call: call, .rolloutReply(reply)))
      }
      let (last, pause) = try await Self.rollout(session)
      #expect(pause.requestID == "mine")
      try await session.write(.status(last, .failedPrecondition, "it is paused"))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      let start = V1.RolloutRequest(model: "m", action: .start, plan: "steps: [5]", version: 3)
      #expect(try await client.rollout(start) == reply)
      #expect(try await client.rollout(V1.RolloutRequest(model: "m")) == reply)
      #expect(try await client.rollout(V1.RolloutRequest(model: "m", action: .history)) == reply)
      await #expect(throws: WireStatus(.failedPrecondition, "it is paused")) {
        try await client.rollout(V1.RolloutRequest(model: "m", action: .pause, requestID: "mine"))
      }
      await client.close()
    }
  }

  @Test("A report whose connection is lost is made again on another")
  func lostReport() async throws {
    let report = V1.ReportRequest(model: "m", version: 2, episode: 7, episodeReturn: -12.5, steps: 40)
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      #expect(try await session.read() == V1.Frame(call: 1, .report(report)))
    } then: { session in
      try await session.welcome()
      #expect(try await session.read() == V1.Frame(call: 1, .report(report)))
      try await session.write(V1.Frame(call: 1, .reportReply(V1.ReportReply())))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      try await client.report(report)
      await client.close()
    }
  }

  // MARK: Watches

  @Test("A watch brings every event, begins again on another connection, and its end is told the server")
  func watching() async throws {
    let watch = V1.Frame(call: 1, .watch(V1.WatchRequest(model: "m")))
    let alias = V1.WatchEvent(model: "m", .alias(MessageSamples.change))
    let rollout = V1.WatchEvent(model: "m", .rollout(MessageSamples.rollout))
    let version = V1.WatchEvent(model: "m", .version(MessageSamples.version))
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      #expect(try await session.read() == watch)
      try await session.write(V1.Frame(call: 1, .watchEvent(alias)), V1.Frame(call: 1, .watchEvent(rollout)))
    } then: { session in
      try await session.welcome()
      #expect(try await session.read() == watch)
      try await session.write(V1.Frame(call: 1, .watchEvent(alias)), V1.Frame(call: 1, .watchEvent(version)))
      #expect(try await session.read() == V1.Frame(call: 1, .cancel))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      var seen: [V1.WatchEvent] = []
      for try await event in client.watch(model: "m") {
        seen.append(event)
        if event == version { break }
      }
      #expect(seen == [alias, rollout, alias, version])
      await client.close()
    }
  }

  @Test("A watch ends with the server's words where it is refused, and where something else answers it")
  func refusedWatch() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await session.read()
      try await session.write(.status(1, .permissionDenied, "not for you"))
      _ = try await session.read()
      try await session.write(.healthReply(2))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      await #expect(throws: WireStatus(.permissionDenied, "not for you")) {
        for try await _ in client.watch() {}
      }
      await #expect(throws: WireStatus(.internalError, "the server answered a watch of models with something else")) {
        for try await _ in client.watch() {}
      }
      await client.close()
    }
  }

  // MARK: Episodes

  /// Answers a query by one version.
  private static func answer(
    _ session: ScriptedTeacher.Session, by version: UInt64, leaseMoved: Bool = false
  ) async throws -> V1.InferRequest {
    let frame = try await session.read()
    try await session.write(
      V1.Frame(
        call: frame.call, .inferReply(V1.InferReply(version: version, rows: 1, outputs: [0], leaseMoved: leaseMoved))))
    return frame.query
  }

  @Test("An episode's queries carry its id and the version that answered first, and its return is that version's")
  func episode() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      for lease in [0, 4, 4] as [UInt64] {
        let query = try await Self.answer(session, by: 4)
        #expect(query.episode == 77 && query.leaseVersion == lease && query.version == 0)
        #expect(query.model == "m" && query.alias == "canary" && query.rows == 1)
      }
      let frame = try await session.read()
      #expect(
        frame.body
          == .report(V1.ReportRequest(model: "m", version: 4, episode: 77, episodeReturn: 3.5, steps: 3)))
      try await session.write(V1.Frame(call: frame.call, .reportReply(V1.ReportReply())))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      let episode = client.episode(of: "m", alias: "canary", id: 77)
      #expect(episode.version == 0)
      for _ in 0..<3 {
        #expect(
          try await episode.infer(V1.InferRequest(model: "x", rows: 1, observations: [1], version: 9)).version == 4)
      }
      #expect(episode.version == 4 && !episode.isMoved)
      #expect(try await episode.report(episodeReturn: 3.5, steps: 3))
      await client.close()
    }
  }

  @Test(
    "An episode whose version is taken away goes on with another, and is not reported; nor is one that asked nothing")
  func movedEpisode() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await Self.answer(session, by: 4)
      #expect(try await Self.answer(session, by: 2, leaseMoved: true).leaseVersion == 4)
      #expect(try await Self.answer(session, by: 2).leaseVersion == 2)
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration)
      let episode = client.episode(of: "m")
      for moved in [false, true, true] {
        _ = try await episode.infer(V1.InferRequest(rows: 1, observations: [1]))
        #expect(episode.isMoved == moved)
      }
      #expect(try await !episode.report(episodeReturn: 1, steps: 3))
      #expect(try await !client.episode(of: "m").report(episodeReturn: 1, steps: 0))
      await client.close()
    }
  }
}
