import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import TeacherServing

/// When an overloaded service tells its clients to come back.
@Suite struct BacklogTests {
  private let teacher: SteppedTeacher

  init() throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    settings.server.limits.rowsPerCallMax = 100
    settings.queuedRowsMax = 100
    teacher = SteppedTeacher(settings: settings)
    let version = LoadedVersion(model: "m", number: 1, policy: try Policies.make(seed: 3), microsecondsPerRow: 25)
    teacher.adopt([version], aliases: ["stable": 1])
  }

  private func rows(_ count: Int) -> V1.Body { .infer(query([Float](repeating: 1, count: 4 * count))) }

  /// What a call is told that finds so many rows queued.
  private func wait(_ call: UInt32, _ client: SteppedTeacher.Client) throws -> UInt64? {
    try client.write(V1.Frame(call: call, rows(100)))
    teacher.eventLoop.run()
    let status = try client.read().last?.body.status
    #expect(status?.code == .resourceExhausted)
    return status?.retryAfterMicroseconds
  }

  @Test("retry_after_us is the time that the queued rows take, as they were measured: by their number")
  func depth() throws {
    let client = try teacher.connect()
    try client.write(V1.Frame(call: 1, rows(8)))
    teacher.eventLoop.run()
    #expect(try wait(2, client) == 8 * 25)
    try client.write(V1.Frame(call: 3, rows(80)))
    teacher.eventLoop.run()
    #expect(try wait(4, client) == 88 * 25)
    #expect(teacher.loop.service.backlogMicroseconds == 88 * 25)
  }

  @Test("and by their speed: what batches take now counts, not what a row alone took once")
  func speed() throws {
    let client = try teacher.connect()
    for call in 1...50 as ClosedRange<UInt32> {
      try client.write(V1.Frame(call: call, rows(80)))
      teacher.eventLoop.run()
      teacher.compute.step()
      teacher.eventLoop.run()
    }
    #expect(try client.read().count == 50)
    try client.write(V1.Frame(call: 51, rows(80)))
    teacher.eventLoop.run()
    let told = try #require(try wait(52, client))
    let lane = try #require(teacher.loop.service.routes.first?.stable)
    #expect(told == max(1, UInt64(80 * lane.nanosecondsPerRow / 1000)))
    #expect(told < 80 * 25 / 2, "this network takes a small part of 25 us a row")
  }
}
