import NIOEmbedded
import Neural
import Testing
import Wire

@testable import TeacherServing

@Suite struct BatchTests {
  private func row(_ number: Float) -> [Float] { [number, 2, -3, 0.5] }

  private func outputs(_ frames: [V1.Frame], _ call: UInt32) -> [Float]? {
    frames.first { $0.call == call }?.body.inferReply?.outputs
  }

  @Test("Everybody's rows of a turn come back to whom they belong")
  func scattering() throws {
    let teacher = SteppedTeacher()
    let policy = try Policies.make(seed: 4)
    teacher.serve([policy])
    let clients = try (0..<5).map { _ in try teacher.connect() }
    for (index, client) in clients.enumerated() {
      // 150 rows in all: the batch grows on the way.
      let rows = (0..<(index + 1) * 10).flatMap { row(Float(index * 100 + $0)) }
      try client.write(
        V1.Frame(call: 1, .infer(query(row(Float(-index))))), V1.Frame(call: 2, .infer(query(rows))))
    }
    teacher.eventLoop.run()
    for (index, client) in clients.enumerated() {
      let frames = try client.read()
      let rows = (0..<(index + 1) * 10).flatMap { row(Float(index * 100 + $0)) }
      #expect(outputs(frames, 1) == Policies.answers(policy, row(Float(-index))).outputs)
      #expect(outputs(frames, 2) == Policies.answers(policy, rows).outputs)
    }
  }

  @Test("A batch runs on one version: rows that were queued before a swap get the version they were queued for")
  func neverMixed() throws {
    let teacher = SteppedTeacher()
    let policies = [try Policies.make(seed: 1), try Policies.make(seed: 2)]
    let loaded = teacher.serve(policies)
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(row(1)))))
    teacher.adopt(loaded, aliases: ["stable": 2])
    try client.write(V1.Frame(call: 2, .infer(query(row(1)))))
    teacher.eventLoop.run()
    let frames = try client.read()
    for (call, version) in [(1, 1), (2, 2)] as [(UInt32, UInt64)] {
      let reply = frames.first { $0.call == call }?.body.inferReply
      #expect(reply?.version == version)
      #expect(reply?.outputs == Policies.answers(policies[Int(version) - 1], row(1)).outputs)
    }
  }

  @Test("A version that is unloaded with rows queued still answers them")
  func unloadedWhileQueued() throws {
    let teacher = SteppedTeacher()
    let loaded = teacher.serve([try Policies.make(seed: 1), try Policies.make(seed: 2)])
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(row(1)))))
    teacher.adopt([loaded[1]], aliases: ["stable": 2])
    teacher.eventLoop.run()
    #expect(try client.read().first?.body.inferReply?.version == 1)
  }

  // MARK: The compute thread

  private func slowTeacher() throws -> (SteppedTeacher, InferencePolicy) {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    let teacher = SteppedTeacher(settings: settings)
    let policy = try Policies.make(seed: 3)
    teacher.serve([policy])
    return (teacher, policy)
  }

  @Test("A large network computes elsewhere, and what arrives meanwhile is its next batch")
  func nextBatch() throws {
    let (teacher, policy) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(row(1)))))
    teacher.eventLoop.run()
    #expect(teacher.compute.waiting == 1)
    for call in 2...4 as ClosedRange<UInt32> {
      try client.write(V1.Frame(call: call, .infer(query(row(Float(call))))))
      teacher.eventLoop.run()
    }
    #expect(teacher.compute.waiting == 1)
    #expect(try client.read().isEmpty)
    #expect(teacher.loop.service.queuedRows == 4)

    teacher.compute.step()
    teacher.eventLoop.run()
    var frames = try client.read()
    #expect(frames.map(\.call) == [1])
    #expect(outputs(frames, 1) == Policies.answers(policy, row(1)).outputs)
    #expect(teacher.compute.waiting == 1)

    teacher.compute.step()
    teacher.eventLoop.run()
    frames = try client.read()
    #expect(frames.map(\.call) == [2, 3, 4])
    #expect(outputs(frames, 4) == Policies.answers(policy, row(4)).outputs)
    #expect(teacher.loop.service.queuedRows == 0 && teacher.compute.waiting == 0)
  }

  @Test("A cancelled query is answered at once; queued rows of it are not computed")
  func cancelling() throws {
    let (teacher, policy) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(row(1)))))
    teacher.eventLoop.run()
    try client.write(
      V1.Frame(call: 2, .infer(query(row(2)))), V1.Frame(call: 3, .infer(query(row(3)))),
      V1.Frame(call: 2, .cancel), V1.Frame(call: 1, .cancel))
    teacher.eventLoop.run()
    let frames = try client.read()
    #expect(frames.map(\.call) == [2, 1])
    #expect(frames.allSatisfy { $0.body.status?.code == .cancelled })
    teacher.compute.step()
    teacher.eventLoop.run()
    #expect(try client.read().isEmpty)
    teacher.compute.step()
    teacher.eventLoop.run()
    let last = try client.read()
    #expect(last.map(\.call) == [3])
    #expect(outputs(last, 3) == Policies.answers(policy, row(3)).outputs)
  }

  @Test("A connection that is gone takes nobody else's answers with it")
  func goneConnection() throws {
    let (teacher, policy) = try slowTeacher()
    let (gone, stays) = (try teacher.connect(), try teacher.connect())
    try gone.write(V1.Frame(call: 1, .infer(query(row(1)))))
    try stays.write(V1.Frame(call: 1, .infer(query(row(2)))))
    teacher.eventLoop.run()
    _ = try gone.channel.finish()
    teacher.eventLoop.run()
    #expect(teacher.loop.connectionCount == 1)
    teacher.compute.step()
    teacher.eventLoop.run()
    #expect(outputs(try stays.read(), 1) == Policies.answers(policy, row(2)).outputs)
    #expect(teacher.loop.connectionCount == 1)
  }
}
