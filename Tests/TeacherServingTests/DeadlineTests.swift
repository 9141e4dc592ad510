import NIOCore
import NIOEmbedded
import Neural
import Testing
import Wire

@testable import TeacherServing

/// Deadlines of queries that wait for the compute thread, by a clock that only the tests move.
@Suite struct DeadlineTests {
  private func slowTeacher() throws -> (SteppedTeacher, InferencePolicy) {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = 0
    let teacher = SteppedTeacher(settings: settings)
    let policy = try Policies.make(seed: 1)
    teacher.serve([policy])
    return (teacher, policy)
  }

  private func query(_ number: Float, within microseconds: UInt64) -> V1.InferRequest {
    var request = TeacherServingTests.query([number, 0, 0, 0])
    request.deadlineMicroseconds = microseconds
    return request
  }

  @Test("A query ends at its deadline, by itself, and its row is never computed")
  func endsInTheQueue() throws {
    let (teacher, policy) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(1, within: 0))))
    teacher.eventLoop.run()
    // Call 1 is with the compute thread; these wait for it.
    try client.write(
      V1.Frame(call: 2, .infer(query(2, within: 5000))), V1.Frame(call: 3, .infer(query(3, within: 1000))),
      V1.Frame(call: 4, .infer(query(4, within: 0))))
    teacher.eventLoop.run()
    teacher.eventLoop.advanceTime(by: .microseconds(999))
    #expect(try client.read().isEmpty)
    teacher.eventLoop.advanceTime(by: .microseconds(1))
    #expect(try client.read().map { [UInt64($0.call), UInt64($0.body.status?.code.rawValue ?? 0)] } == [[3, 4]])
    #expect(teacher.loop.service.queuedRows == 3)
    teacher.eventLoop.advanceTime(by: .microseconds(4000))
    #expect(try client.read().map(\.call) == [2])
    teacher.compute.step()
    teacher.eventLoop.run()
    teacher.compute.step()
    teacher.eventLoop.run()
    let answered = try client.read()
    #expect(answered.map(\.call) == [1, 4])
    #expect(answered.last?.body.inferReply?.outputs == Policies.answers(policy, [4, 0, 0, 0]).outputs)
    #expect(teacher.loop.service.queuedRows == 0)
  }

  @Test("In the compute thread's backlog a query ends at its deadline and is not computed")
  func endsInTheBacklog() throws {
    let (teacher, _) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(query(1, within: 1000))))
    teacher.eventLoop.run()
    #expect(teacher.compute.waiting == 1)
    teacher.eventLoop.advanceTime(by: .milliseconds(1))
    #expect(try client.read().first?.body.status?.code == .deadlineExceeded)
    teacher.compute.step()
    teacher.eventLoop.run()
    #expect(try client.read().isEmpty)
    let part = teacher.loop.service.measured(teacher.loop.counters)
    #expect(part.lanes.first?.metrics.batches.count == 0)
    #expect(part.lanes.first?.metrics.calls[.deadlineExceeded] == 1)
  }

  @Test("A query that is being computed ends at its deadline too; its late result goes nowhere")
  func endsWhileComputed() throws {
    let (teacher, policy) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(
      V1.Frame(call: 1, .infer(query(1, within: 1000))), V1.Frame(call: 2, .infer(query(2, within: 0))))
    teacher.eventLoop.run()
    teacher.compute.step()  // computed, but the loop does not have it yet
    teacher.eventLoop.advanceTime(by: .zero)
    #expect(try client.read().map(\.call) == [1, 2])
    try client.write(
      V1.Frame(call: 3, .infer(query(3, within: 1000))), V1.Frame(call: 4, .infer(query(4, within: 0))))
    teacher.eventLoop.run()
    teacher.compute.begin()
    teacher.eventLoop.advanceTime(by: .milliseconds(1))
    #expect(try client.read().map(\.call) == [3])
    teacher.compute.end()
    teacher.eventLoop.run()
    let late = try client.read()
    #expect(late.map(\.call) == [4])
    #expect(late.first?.body.inferReply?.outputs == Policies.answers(policy, [4, 0, 0, 0]).outputs)
  }

  @Test("A deadline that no clock can tell is none")
  func farAway() throws {
    let (teacher, _) = try slowTeacher()
    let client = try teacher.connect()
    try client.write(
      V1.Frame(call: 1, .infer(query(1, within: .max))), V1.Frame(call: 2, .infer(query(1, within: .max / 1000))))
    teacher.eventLoop.run()
    teacher.eventLoop.advanceTime(by: .seconds(30))
    teacher.compute.step()
    teacher.eventLoop.run()
    #expect(try client.read().compactMap(\.body.inferReply).count == 2)
  }
}
