import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Wire

/// What a client does about failures, over real sockets; its waits are written down instead of waited.
@Suite("A client that something goes wrong for", .timeLimit(.minutes(1)))
struct ClientRetryTests {
  /// The waits between attempts.
  private final class Waits: Sendable {
    private let waits = Mutex<[Duration]>([])
    var all: [Duration] { waits.withLock { $0 } }
    func add(_ wait: Duration) { waits.withLock { $0.append(wait) } }
  }

  private let waits = Waits()

  private func configuration(waitForReady: Bool = false) -> ClientConfiguration {
    var configuration = ClientConfiguration(waitForReady: waitForReady)
    configuration.reconnect = Backoff(initial: .milliseconds(1))
    configuration.timing = ClientTiming(
      random: { 0.5 }, pause: { [waits] in waits.add($0) }, block: { [waits] in waits.add($0) })
    return configuration
  }

  @Test("A busy server is asked again, not before it said, until it answers")
  func busy() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      for call: UInt32 in 1...3 {
        #expect(try await session.read() == V1.Frame(call: call, .health(V1.HealthRequest(model: "m"))))
        try await session.write(
          call < 3
            ? .status(call, .resourceExhausted, "busy", retryAfter: call == 1 ? 70_000 : 0) : .healthReply(call))
      }
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      #expect(try await client.health(model: "m") == .serving)
      #expect(waits.all == [.milliseconds(70), .milliseconds(80)])
      await client.close()
    }
  }

  @Test("After five attempts a call fails with the last status; a call of another status is asked once")
  func givingUp() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      for call: UInt32 in 1...5 {
        _ = try await session.read()
        try await session.write(.status(call, .unavailable, "attempt \(call)"))
      }
      _ = try await session.read()
      try await session.write(.status(6, .notFound, "no model"))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      await #expect(throws: WireStatus(.unavailable, "attempt 5")) { try await client.health() }
      #expect(waits.all.count == 4)
      await #expect(throws: WireStatus(.notFound, "no model")) { try await client.health() }
      #expect(waits.all.count == 4)
      await client.close()
    }
  }

  @Test("A call whose connection is lost is asked again on the next, under the same request id")
  func loss() async throws {
    let id = Mutex("")
    @Sendable func requestID(_ frame: V1.Frame) -> String {
      if case .alias(let request) = frame.body { request.requestID } else { "" }
    }
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      let given = requestID(try await session.read())
      #expect(given.utf8.count == 32)
      id.withLock { $0 = given }
    } then: { session in
      try await session.welcome()
      let frame = try await session.read()
      #expect(frame.call == 1 && requestID(frame) == id.withLock { $0 })
      try await session.write(V1.Frame(call: 1, .aliasReply(V1.AliasReply(from: 1, to: 2))))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      let reply = try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 2))
      #expect(reply.to == 2)
      #expect(waits.all == [.milliseconds(50)])
      await client.close()
    }
  }

  @Test("A call above a GoAway's last_call is asked at once elsewhere; those up to it finish")
  func leaving() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await session.read(2)
      try await session.write(.goAway(1, .unavailable, "draining"))
      // The other connection has answered by the time that this one does.
      try await session.write(.healthReply(1, .notServing))
      try await session.readToEnd()
    } then: { session in
      try await session.welcome()
      try await session.write(.healthReply(try await session.read().call))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      async let first = client.health()
      async let second = client.health()
      #expect(try await Set([first, second]) == [.serving, .notServing])
      #expect(waits.all.isEmpty)
      await client.close()
    }
  }

  @Test("A call that takes too long ends, is cancelled at the server, and its late reply is nobody's")
  func deadline() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      let query = try await session.read()
      #expect((1...10_000).contains(query.query.deadlineMicroseconds))
      #expect(try await session.read() == V1.Frame(call: 1, .cancel))
      try await session.write(query.reply())
      try await session.write(try await session.read().reply(version: 5))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      let request = V1.InferRequest(model: "m", rows: 1, observations: [0, 0, 0, 0])
      let status = await #expect(throws: WireStatus.self) {
        try await client.infer(request, timeout: .milliseconds(10))
      }
      #expect(status?.code == .deadlineExceeded)
      #expect(try await client.infer(request).version == 5)
      #expect(waits.all.isEmpty)
      await client.close()
    }
  }

  @Test("A cancelled task cancels its call, at the server too")
  func cancellation() async throws {
    let arrived = Handoff<Void>()
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      _ = try await session.read()
      arrived.set(())
      #expect(try await session.read() == V1.Frame(call: 1, .cancel))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      let call = Task { try await client.health() }
      await arrived.value
      call.cancel()
      let status = await #expect(throws: WireStatus.self) { try await call.value }
      #expect(status?.code == .cancelled)
      await client.close()
    }
  }

  @Test("A thread's query goes on over a lost connection and a busy server")
  func query() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome(rows: 2)
      let parts = try await session.read(2)
      try await session.write(parts[0].reply())
    } then: { session in
      try await session.welcome(rows: 2)
      let busy = try await session.read(2)
      try await session.write(.status(busy[1].call, .resourceExhausted, "busy", retryAfter: 90_000), busy[0].reply())
      for part in try await session.read(2) { try await session.write(part.reply(version: 4)) }
      try await session.write(try await session.read().reply(version: 5))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
      try query.submit([1, 2, 3])
      let answer = try await query.answer()
      #expect(answer.outputs == [1, 2, 3] && answer.version == 4)
      #expect(waits.all == [.milliseconds(50), .milliseconds(90)])
      try query.submit([1])
      #expect(try await query.answer().version == 5)
      await client.close()
    }
  }

  @Test("A thread's query ends at its timeout, and the next one is not mistaken for it")
  func queryDeadline() async throws {
    try await ScriptedTeacher.run { session in
      try await session.welcome(rows: 1)
      let parts = try await session.read(2)
      #expect(parts.allSatisfy { (1...20_000).contains($0.query.deadlineMicroseconds) })
      try await session.write(parts[0].reply())
      // On a busy machine the answer to the first part may not be there in time.
      while try await session.read() != V1.Frame(call: 2, .cancel) {}
      try await session.write(parts[1].reply())
      while let next = try await session.readOrEnd() {
        if case .infer = next.body { try await session.write(next.reply(version: 9)) }
      }
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      let query = client.query(
        model: "m", observationWidth: 1, parameterWidth: 1, timeout: .milliseconds(20))
      try query.submit([1, 2])
      let status = await #expect(throws: WireStatus.self) { try await query.answer() }
      #expect(status?.code == .deadlineExceeded)
      let next = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
      try next.submit([7])
      #expect(try await next.answer() == Answer(outputs: [7], values: [3], version: 9))
      await client.close()
    }
  }

  @Test("Calls that wait for readiness wait for a server to come, until their timeout")
  func waitingForReady() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("s")
    var configuration = configuration(waitForReady: true)
    let failed = Handoff<Void>()
    configuration.timing.random = {
      failed.set(())
      return 0.5
    }
    let connecting = Task { [configuration] in
      try await TeacherClient.connect(to: "unix:\(path)", configuration: configuration)
    }
    await failed.value
    try await ScriptedTeacher.run(path: path) { session in
      try await session.welcome()
      try await session.write(.healthReply(try await session.read().call))
      try await session.readToEnd()
    } body: { teacher in
      let client = try await connecting.value
      #expect(try await client.health() == .serving)
      await client.close()
    }
  }

  @Test("Without a server a call fails fast, one that waits for readiness at its timeout; closing ends what waits")
  func withoutServer() async throws {
    let clients = Handoff<TeacherClient>()
    let connected = Handoff<Void>()
    try await ScriptedTeacher.run { session in
      try await session.welcome()
      await connected.value
    } body: { teacher in
      clients.set(try await TeacherClient.connect(to: teacher.address, configuration: configuration()))
      connected.set(())
    }
    let client = await clients.value
    let fast = await #expect(throws: WireStatus.self) { try await client.health() }
    #expect(fast?.code == .unavailable)
    let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
    try query.submit([1])
    let lost = await #expect(throws: WireStatus.self) { try await query.answer() }
    #expect(lost?.code == .unavailable)
    let patient = await #expect(throws: WireStatus.self) {
      try await client.health(timeout: .milliseconds(10), waitForReady: true)
    }
    #expect(patient?.code == .deadlineExceeded && patient?.message.contains("no connection to") == true)
    let patientQuery = client.query(
      model: "m", observationWidth: 1, parameterWidth: 1, timeout: .milliseconds(10), waitForReady: true)
    try patientQuery.submit([1])
    let late = await #expect(throws: WireStatus.self) { try await patientQuery.answer() }
    #expect(late?.code == .deadlineExceeded)
    let endless = client.query(model: "m", observationWidth: 1, parameterWidth: 1, waitForReady: true)
    try endless.submit([1])
    let answer = Task { try await endless.answer() }
    await client.close()
    await #expect(throws: WireStatus.clientClosed) { try await answer.value }
    await #expect(throws: WireStatus.clientClosed) { try await client.fetch(model: "m") }
  }

  @Test("Tasks and threads that ask over connections that break are each answered, once")
  func manyCallers() async throws {
    /// Answers so many calls.
    @Sendable func answer(_ count: Int, _ session: ScriptedTeacher.Session) async throws {
      var answered = 0
      while answered < count, let frame = try await session.readOrEnd() {
        if case .infer = frame.body {
          try await session.write(frame.reply())
        } else {
          try await session.write(.healthReply(frame.call))
        }
        answered += 1
      }
    }
    try await ScriptedTeacher.run { session in
      try await session.welcome(rows: 2)
      try await answer(50, session)
    } then: { session in
      try await session.welcome(rows: 2)
      try await answer(50, session)
      try await session.write(.goAway(75, .unavailable, "draining"))
      try await answer(25, session)
    } then: { session in
      try await session.welcome(rows: 2)
      try await answer(.max, session)
    } body: { teacher in
      let client = try await TeacherClient.connect(to: teacher.address, configuration: configuration())
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<100 {
          group.addTask {
            let serving = try await client.health()
            #expect(serving == .serving)
          }
        }
        for number in 0..<4 {
          group.addTask {
            let query = client.query(model: "m", observationWidth: 1, parameterWidth: 1)
            for step in 0..<10 {
              let rows = (0..<5).map { Float(number * 100 + step * 10 + $0) }
              try query.submit(rows)
              #expect(try await query.answer().outputs == rows)
            }
          }
        }
        try await group.waitForAll()
      }
      await client.close()
    }
  }
}
