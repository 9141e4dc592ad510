import NIOCore
import NIOEmbedded
import Neural
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// How connections share the compute thread.
@Suite struct FairnessTests {
  private let teacher: SteppedTeacher
  private let policy: InferencePolicy

  init() throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    settings.shareRows = 64...64
    settings.server.limits.callsInFlightMax = 5000
    teacher = SteppedTeacher(settings: settings)
    policy = try Policies.make(seed: 3)
    teacher.serve([policy])
    // The thread has something to do while the tests fill its next batch.
    let first = try teacher.connect()
    try first.write(V1.Frame(call: 1, .infer(query([0, 0, 0, 0]))))
    teacher.eventLoop.run()
  }

  private func rows(_ count: Int, _ seed: Float) -> [Float] {
    (0..<count).flatMap { [Float($0), seed, -seed, 0.5] }
  }

  private func step() {
    teacher.compute.step()
    teacher.eventLoop.run()
  }

  /// The rows of each batch until nothing is left.
  private func batches() -> [Int] {
    var batches: [Int] = []
    step()
    while teacher.compute.waiting > 0 {
      batches.append(teacher.compute.nextRows)
      step()
    }
    #expect(teacher.loop.service.queuedRows == 0)
    return batches
  }

  @Test("A connection enters 64 rows into a batch, the others theirs; what waits keeps its order")
  func deepPipeline() throws {
    let (deep, shallow) = (try teacher.connect(), try teacher.connect())
    for call in 1...200 as ClosedRange<UInt32> {
      try deep.write(V1.Frame(call: call, .infer(query(rows(1, Float(call))))))
    }
    try shallow.write(V1.Frame(call: 1, .infer(query(rows(1, 1000)))))
    teacher.eventLoop.run()
    var answers: [V1.Frame] = []
    for (batch, expected) in [65, 65, 65, 9].enumerated() {
      step()
      #expect(teacher.compute.nextRows == expected)
      answers += try deep.read()
      // Who asks one at a time is in every batch, behind nobody's pipeline.
      #expect(try shallow.read().map(\.call) == (batch == 0 ? [] : [UInt32(batch)]))
      if batch < 3 { try shallow.write(V1.Frame(call: UInt32(batch + 2), .infer(query(rows(1, 1000))))) }
      teacher.eventLoop.run()
    }
    step()
    answers += try deep.read()
    #expect(try shallow.read().map(\.call) == [4])
    #expect(teacher.compute.waiting == 0)
    #expect(answers.map(\.call) == Array(1...200))
    for frame in answers {
      let expected = Policies.answers(policy, rows(1, Float(frame.call))).outputs
      #expect(frame.body.inferReply?.outputs == expected)
    }
  }

  @Test("Where all that was in a batch is given up, what waits behind it is the next batch")
  func wholeShareGivenUp() throws {
    let deep = try teacher.connect()
    for call in 1...100 as ClosedRange<UInt32> {
      try deep.write(V1.Frame(call: call, .infer(query(rows(1, Float(call))))))
    }
    for call in 1...64 as ClosedRange<UInt32> { try deep.write(V1.Frame(call: call, .cancel)) }
    teacher.eventLoop.run()
    #expect(batches() == [36])
    #expect(try deep.read().compactMap { $0.body.inferReply == nil ? nil : $0.call } == Array(65...100))
  }

  @Test("A call as large as a batch has its turn beside pipelines that would fill every batch")
  func largeCallBesidePipelines() throws {
    let pipelines = try (0..<4).map { _ in try teacher.connect() }
    let large = try teacher.connect()
    for call in 1...900 as ClosedRange<UInt32> {
      for pipeline in pipelines { try pipeline.write(V1.Frame(call: call, .infer(query(rows(1, Float(call)))))) }
    }
    try large.write(V1.Frame(call: 1, .infer(query(rows(1020, 7)))))
    teacher.eventLoop.run()
    var batches = 0
    while try large.read().isEmpty {
      batches += 1
      guard batches < 8 else { break }
      step()
    }
    #expect(batches < 8, "five connections: each is the first within five batches")
    for pipeline in pipelines { #expect(try pipeline.read().count < 900) }
    _ = self.batches()
  }

  @Test("One call enters whole, however many rows it has, and nothing of its connection beside it")
  func largeCall() throws {
    let (large, other) = (try teacher.connect(), try teacher.connect())
    try large.write(
      V1.Frame(call: 1, .infer(query(rows(100, 1)))), V1.Frame(call: 2, .infer(query(rows(1, 2)))),
      V1.Frame(call: 3, .infer(query(rows(63, 3)))), V1.Frame(call: 4, .infer(query(rows(1, 4)))))
    try other.write(V1.Frame(call: 1, .infer(query(rows(64, 5)))))
    teacher.eventLoop.run()
    #expect(batches() == [164, 64, 1])
    #expect(try large.read().map(\.call) == [1, 2, 3, 4])
    #expect(try other.read().map(\.call) == [1])
  }

  @Test("A batch has 1024 rows at most, unless one call has more")
  func batchRows() throws {
    let many = try (0..<40).map { _ in try teacher.connect() }
    for client in many {
      for call in 1...64 as ClosedRange<UInt32> { try client.write(V1.Frame(call: call, .infer(query(rows(1, 1))))) }
    }
    teacher.eventLoop.run()
    #expect(batches() == [1024, 1024, 512])
    for client in many { #expect(try client.read().map(\.call) == Array(1...64)) }

    try many[0].write(V1.Frame(call: 65, .infer(query(rows(1, 1)))))
    teacher.eventLoop.run()
    try many[1].write(V1.Frame(call: 65, .infer(query(rows(1, 1)))))
    try many[2].write(V1.Frame(call: 65, .infer(query(rows(2000, 1)))))
    try many[3].write(V1.Frame(call: 65, .infer(query(rows(1, 1)))))
    teacher.eventLoop.run()
    #expect(batches() == [2, 2000])
  }

  @Test("What waits for a later batch is cancelled and ends at its deadline like everything else")
  func heldEnds() throws {
    let client = try teacher.connect()
    for call in 1...100 as ClosedRange<UInt32> {
      var request = query(rows(1, Float(call)))
      if call > 90 { request.deadlineMicroseconds = 1000 }
      try client.write(V1.Frame(call: call, .infer(request)))
    }
    for call in 60...70 as ClosedRange<UInt32> { try client.write(V1.Frame(call: call, .cancel)) }
    teacher.eventLoop.run()
    #expect(try client.read().map(\.call) == Array(60...70))
    teacher.eventLoop.advanceTime(by: .milliseconds(1))
    let expired = try client.read()
    #expect(expired.map(\.call) == Array(91...100))
    #expect(expired.allSatisfy { $0.body.status?.code == .deadlineExceeded })
    #expect(batches() == [59, 20])
    let answered = try client.read()
    #expect(answered.map(\.call) == Array(1...59) + Array(71...90))
    for frame in answered {
      #expect(frame.body.inferReply?.outputs == Policies.answers(policy, rows(1, Float(frame.call))).outputs)
    }
  }

  @Test("A connection that closes takes its rows out of the queue: they are never computed")
  func closing() throws {
    let (gone, stays) = (try teacher.connect(), try teacher.connect())
    for call in 1...150 as ClosedRange<UInt32> {
      try gone.write(V1.Frame(call: call, .infer(query(rows(1, 1)))))
      if call <= 70 { try stays.write(V1.Frame(call: call, .infer(query(rows(1, Float(call)))))) }
    }
    teacher.eventLoop.run()
    #expect(teacher.loop.service.queuedRows == 221)
    _ = try gone.channel.finish()
    teacher.eventLoop.run()
    #expect(teacher.loop.service.queuedRows == 71)
    #expect(teacher.loop.connectionCount == 2)
    #expect(batches() == [64, 6])
    #expect(try stays.read().map(\.call) == Array(1...70))
    let part = teacher.loop.service.measured(teacher.loop.counters)
    #expect(part.lanes.first?.metrics.rows == 71)
    #expect(part.lanes.first?.metrics.batches.sum == 71)
    #expect(part.lanes.first?.metrics.calls[.cancelled] == 150)
  }

  @Test("A time in the queue is counted for each answered call, also of one that waited for a later batch")
  func queueTime() throws {
    let client = try teacher.connect()
    for call in 1...100 as ClosedRange<UInt32> { try client.write(V1.Frame(call: call, .infer(query(rows(1, 1))))) }
    teacher.eventLoop.run()
    for call in 1...5 as ClosedRange<UInt32> { try client.write(V1.Frame(call: call, .cancel)) }
    teacher.eventLoop.advanceTime(by: .seconds(1))
    #expect(batches() == [59, 36])
    let lane = teacher.loop.service.measured(teacher.loop.counters).lanes[0].metrics
    #expect(lane.queueTime.count == 96, "one for each answered call")
    #expect(lane.queueTime.count == lane.calls[.ok] && lane.replyTime.count == lane.calls[.ok])
  }

  @Test("A query that waits takes along what it asks and when it came, and the batch has that of its own queries alone")
  func heldQueries() throws {
    let version = LoadedVersion(model: "m", number: 1, policy: policy)
    let client = try teacher.connect()
    let connection = try client.channel.pipeline.syncOperations.handler(type: ServerConnection<TeacherLoop>.self)
    var held = HeldQueries()
    let next = Batch(version)
    for call in 1...10 as ClosedRange<UInt32> {
      var asked = QueryExtras()
      asked.actions = .sampled(seed: UInt64(call))
      let entry = BatchEntry(
        connection: Unmanaged.passUnretained(connection), call: call, rows: 1, want: 4, deadline: UInt64(call) * 1000)
      rows(1, Float(call)).withUnsafeBytes {
        held.append(entry, call % 3 == 0 ? asked : nil, observations: $0, arrival: call <= 3 ? 500 : 900)
      }
    }
    #expect(held.rows == 10 && held.earliestDeadline == 1000)
    held.move(to: next) { $0.call <= 4 }
    #expect(next.arrivals.map(\.entries) == [3, 4] && next.arrivals.map(\.nanoseconds) == [500, 900])
    #expect(next.extras.count == 1 && next.entryCount == 4 && next.entries[2].call == 3 && next.entries[2].extras == 0)
    #expect(next.observations[2 * 4 + 1] == 3)
    #expect(held.rows == 6 && held.earliestDeadline <= 5000)
    held.move(to: next) { _ in true }
    #expect(held.isEmpty && held.rows == 0 && held.earliestDeadline == .max)
    #expect((0..<10).map { next.entries[$0].call } == Array(1...10))
  }

  @Test("A connection that is alone enters the most rows into a batch; beside others, and a while after, its share")
  func aloneAndBeside() throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    settings.server.limits.callsInFlightMax = 5000
    // The share that a network's times make is another test's: here every time makes the least.
    settings.shareRows = 10...40
    let teacher = SteppedTeacher(settings: settings)
    teacher.adopt(
      [LoadedVersion(model: "m", number: 1, policy: policy, microsecondsPerRow: 0)], aliases: ["stable": 1])
    let (deep, other) = (try teacher.connect(), try teacher.connect())
    for call in 1...1000 as ClosedRange<UInt32> {
      try deep.write(V1.Frame(call: call, .infer(query(rows(1, Float(call))))))
    }
    teacher.eventLoop.run()
    func next() -> Int {
      defer {
        teacher.compute.step()
        teacher.eventLoop.run()
      }
      return teacher.compute.nextRows
    }
    #expect((0..<3).map { _ in next() } == [40, 40, 40])
    try other.write(V1.Frame(call: 1, .infer(query(rows(1, 0)))))
    teacher.eventLoop.run()
    // Two batches were on their way when the other came; what fills behind them is shared, until it was alone for long.
    #expect((0..<14).map { _ in next() } == [40, 41, 10, 10, 10, 10, 10, 10, 10, 10, 40, 40, 40, 40])
  }

  @Test("A connection's share of a batch takes twice as long as one row alone, within the bounds")
  func share() {
    func share(_ alone: Double, _ inBatch: Double) -> Int {
      Lane.share(microsecondsAlone: alone, nanosecondsInBatch: inBatch, within: 12...64)
    }
    #expect(share(200, 20_000) == 20)
    #expect(share(200, 200_000) == 12)
    #expect(share(200, 1000) == 64)
    #expect(share(0, 0) == 12)
    #expect(share(.infinity, 0) == 64)
  }

  // MARK: Anything

  /// A call of the random script below.
  private struct Asked {
    var observations: [Float]
    var answers = 0
  }

  @Test("Whatever is asked, cancelled, expired and closed, nothing is lost, answered twice or answered wrongly")
  func random() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      var clients = try (0..<6).map { _ in try teacher.connect() }
      var asked = [[UInt32: Asked]](repeating: [:], count: 6)
      var numbers = [UInt32](repeating: 0, count: 6)
      func collect() throws {
        for (index, client) in clients.enumerated() {
          for frame in try client.read() {
            asked[index][frame.call]?.answers += 1
            guard let reply = frame.body.inferReply, let call = asked[index][frame.call] else { continue }
            #expect(reply.outputs == Policies.answers(policy, call.observations).outputs)
          }
        }
      }
      for _ in 0..<400 {
        let index = Int(random.next() % 6)
        switch random.next() % 20 {
        case 0..<12:
          numbers[index] += 1
          let observations = rows(
            Int(random.next() % 8 == 0 ? random.next() % 90 : random.next() % 5) + 1, Float(index))
          var request = query(observations)
          request.deadlineMicroseconds = random.next() % 4 == 0 ? random.next() % 5000 + 1 : 0
          asked[index][numbers[index]] = Asked(observations: observations)
          try clients[index].write(V1.Frame(call: numbers[index], .infer(request)))
        case 12..<14:
          guard numbers[index] > 0 else { continue }
          try clients[index].write(
            V1.Frame(call: UInt32(random.next() % UInt64(numbers[index])) + 1, .cancel))
        case 14: teacher.eventLoop.advanceTime(by: .microseconds(Int64(random.next() % 2000)))
        case 15 where random.next() % 8 == 0:
          try collect()
          _ = try clients[index].channel.finish(acceptAlreadyClosed: true)
          clients[index] = try teacher.connect()
          (asked[index], numbers[index]) = ([:], 0)
        case 16..<18: if teacher.compute.waiting > 0 { teacher.compute.step() }
        default: teacher.eventLoop.run()
        }
      }
      teacher.eventLoop.run()
      while teacher.compute.waiting > 0 { step() }
      try collect()
      for calls in asked {
        #expect(calls.values.allSatisfy { $0.answers == 1 }, "seed \(seed): \(calls.filter { $0.value.answers != 1 })")
      }
      #expect(teacher.loop.service.queuedRows == 0)
      for client in clients { _ = try client.channel.finish() }
      teacher.eventLoop.run()
      #expect(teacher.loop.connectionCount == 1)
    }
  }
}
