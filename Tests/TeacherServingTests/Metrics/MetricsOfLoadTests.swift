import Crypto
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// What the service counts of itself is what was done to it.
@Suite(.timeLimit(.minutes(1))) struct MetricsOfLoadTests {
  @Test("Calls, rows, batches, refusals and connections are those of a scripted load", arguments: [10, -1])
  func load(loopMicrosecondsPerRowMax: Double) async throws {
    let store = MemoryStore()
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = loopMicrosecondsPerRowMax
    settings.refusesNonFinite = true
    settings.server.limits.rowsPerCallMax = 100
    settings.server.limits.rowsInFlightMax = 150
    let snapshot = try await LocalService.run(store, eventLoops: 2, settings: settings) { server in
      let sessions = [try await Self.greet(server), try await Self.greet(server)]
      let artefact = MemoryStore.artefact(seed: 1)
      try await sessions[0].send(
        V1.Frame(
          call: 1,
          .publish(
            V1.PublishHeader(
              model: "m", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact))))),
        V1.Frame(call: 1, .chunk(V1.Chunk(data: artefact))))
      _ = await sessions[0].next()
      for session in sessions {
        // 30 calls of 1 to 3 rows, pipelined.
        var frames: [V1.Frame] = []
        for call in 10..<40 as Range<UInt32> {
          frames.append(
            V1.Frame(call: call, .infer(query([Float](repeating: 0.5, count: 4 * (Int(call) % 3 + 1))))))
        }
        try await session.send(bytes: RawConnection.bytes(of: frames))
        for _ in frames { #expect(await session.next()?.body.inferReply != nil) }
        // Refused: unknown model, two widths, NaN, too many rows of a call, an alias, and rows in flight.
        let bodies: [V1.Body] = [
          .infer(query([1, 2, 3, 4], model: "x")), .infer(query([1, 2, 3], width: 3)),
          .infer(query([1, 2, 3, 4, 5], width: 5)), .infer(query([1, 2, .nan, 4])),
          .infer(query([Float](repeating: 0, count: 404))), .describe(V1.DescribeRequest(model: "m", alias: "x")),
          .unrecognized,
        ]
        for (number, body) in bodies.enumerated() {
          #expect(try await session.ask(UInt32(50 + number), body)?.status != nil)
        }
        let large = query([Float](repeating: 0, count: 400))
        try await session.send(V1.Frame(call: 60, .infer(large)), V1.Frame(call: 61, .infer(large)))
        let both = [await session.next(), await session.next()]
        #expect(both.contains { $0?.call == 60 && $0?.body.inferReply != nil })
        #expect(both.contains { $0?.call == 61 && $0?.body.status?.code == .resourceExhausted })
        _ = try await session.ask(62, .health(V1.HealthRequest()))
      }
      try await sessions[0].send(bytes: [0, 0, 0, 0, 2, 0x12, 0x7f])
      _ = await sessions[0].rest()
      await sessions[1].close()
      try await LocalService.untilIdle(server)
      return await server.measured()
    }
    let loops = snapshot.loops
    let version = try #require(snapshot.versions[VersionKey(model: "m", number: 1)])
    #expect(snapshot.loaded.map(\.key) == [VersionKey(model: "m", number: 1)])
    #expect(version.calls[.ok] == 62 && version.calls[.invalidArgument] == 6 && version.calls.total == 68)
    #expect(version.rows == 2 * (10 * (1 + 2 + 3) + 100))
    #expect(version.batches.sum == Double(version.rows))
    #expect(version.queueTime.count == 62 && version.replyTime.count == 62)
    #expect(version.computeTime.count == version.batches.count && version.batches.count >= 4)
    #expect(loops.unrouted[.notFound] == 2 && loops.unrouted.total == 2)
    #expect(loops.callsRefused[.unknownModel] == 2 && loops.callsRefused[.rowsInFlight] == 2)
    #expect(loops.callsRefused[.invalid] == 8 && loops.callsRefused.total == 12)
    let control = loops.control.counts
    #expect(control[ControlCounts.Key(call: .publish, code: .ok)] == 1)
    #expect(control[ControlCounts.Key(call: .describe, code: .notFound)] == 2)
    #expect(control[ControlCounts.Key(call: .unimplemented, code: .unimplemented)] == 2)
    #expect(control[ControlCounts.Key(call: .health, code: .ok)] == 2)
    #expect(loops.connections.accepted == 2 && loops.connections.open == 0)
    #expect(loops.connections.closed[.frame] == 1 && loops.connections.closed[.client] == 1)
    #expect(loops.connections.framesRefused[.unparseable] == 1 && loops.connections.framesRefused.total == 1)
  }

  private static func greet(_ server: TeacherServer) async throws -> RawSession {
    let session = try await RawSession.greet(server.addresses[0])
    _ = await session.next()
    return session
  }

  @Test("Queries that end at their deadline are counted as such, by the timer or by the turn that finds them late")
  func deadlines() throws {
    for onLoop in [true, false] {
      var settings = ServingSettings.defaults
      settings.loopMicrosecondsPerRowMax = onLoop ? 1e6 : -1
      let teacher = SteppedTeacher(settings: settings)
      teacher.serve([try Policies.make(seed: 1)])
      let client = try teacher.connect()
      var late = query([1, 2, 3, 4])
      late.deadlineMicroseconds = 5
      if !onLoop {
        try client.write(V1.Frame(call: 1, .infer(query([1, 2, 3, 4]))))
        teacher.eventLoop.run()
        // Waits in the queue, and the clock passes while the loop is busy.
        try client.write(V1.Frame(call: 2, .infer(late)))
        teacher.eventLoop.run()
      } else {
        try client.write(V1.Frame(call: 2, .infer(late)))
      }
      teacher.eventLoop.advanceTime(by: .milliseconds(1))
      teacher.eventLoop.run()
      let part = teacher.loop.service.measured(teacher.loop.counters)
      #expect(part.metrics.callsRefused[.deadline] == part.lanes[0].metrics.calls[.deadlineExceeded])
    }
  }
}
