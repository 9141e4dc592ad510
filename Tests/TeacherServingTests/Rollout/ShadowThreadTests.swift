import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import RolloutControl
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// Shadows of networks that are computed beside the event loop.
@Suite(.timeLimit(.minutes(1))) struct ShadowThreadTests {
  private static var settings: ServingSettings {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    return settings
  }

  private func rows(_ count: Int) -> [Float] { (0..<count).flatMap { [Float($0), 1, 2, 3] } }

  private func request(_ episode: UInt64, rows count: Int = 1) -> V1.InferRequest {
    var request = query(rows(count))
    request.episode = episode
    return request
  }

  @Test("Sampled rows go to the thread when they are answered, one batch at a time, and come back with a later tick")
  func stepped() throws {
    let fixture = try RolloutTeacher(settings: Self.settings)
    let (compute, loop) = (fixture.teacher.compute, fixture.teacher.eventLoop)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    let client = try fixture.teacher.connect()
    func ask(_ call: UInt32, rows: Int) throws {
      try client.write(V1.Frame(call: call, .infer(request(UInt64(call), rows: rows))))
      loop.run()
      #expect(compute.waitingUnseen == (call > 1 ? 1 : 0), "nothing is computed before its answer is there")
      compute.step()
      loop.run()
      #expect(try client.read().map(\.call) == [call])
    }
    try ask(1, rows: 40)
    #expect(compute.waitingUnseen == 1)
    // The next ones wait for the first, and are all in one batch after it.
    try ask(2, rows: 40)
    try ask(3, rows: 2)
    #expect(compute.waitingUnseen == 1)
    #expect(fixture.takeEvidence()?.divergences == [])
    #expect(fixture.teacher.loop.service.queuedRows == 0)
    compute.stepUnseen()
    loop.run()
    #expect(fixture.takeEvidence()?.divergences == [fixture.divergence(1, rows(40))])
    #expect(compute.waitingUnseen == 1)
    compute.stepUnseen()
    loop.run()
    #expect(
      fixture.takeEvidence()?.divergences == [fixture.divergence(2, rows(40)), fixture.divergence(3, rows(2))])
    #expect(compute.waitingUnseen == 0)
  }

  @Test("What was drawn or is computed for an older generation is dropped")
  func generations() throws {
    let fixture = try RolloutTeacher(settings: Self.settings)
    let (compute, loop) = (fixture.teacher.compute, fixture.teacher.eventLoop)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100, generation: 1))
    let client = try fixture.teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(request(1, rows: 40))))
    loop.run()
    compute.step()
    loop.run()
    #expect(compute.waitingUnseen == 1)
    // One that waits for its answer meanwhile.
    try client.write(V1.Frame(call: 2, .infer(request(2, rows: 40))))
    loop.run()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100, generation: 2))
    compute.step()
    compute.stepUnseen()
    loop.run()
    #expect(try client.read().map(\.call) == [1, 2])
    #expect(compute.waitingUnseen == 0)
    let evidence = try #require(fixture.takeEvidence())
    #expect(evidence.generation == 2 && evidence.divergences == [])
  }

  @Test("A query that is given up while it is computed is not sampled")
  func givenUp() throws {
    let fixture = try RolloutTeacher(settings: Self.settings)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    let client = try fixture.teacher.connect()
    try client.write(V1.Frame(call: 1, .infer(request(1))), V1.Frame(call: 2, .infer(request(2))))
    fixture.teacher.eventLoop.run()
    fixture.teacher.compute.begin()
    try client.write(V1.Frame(call: 1, .cancel))
    fixture.teacher.compute.end()
    fixture.teacher.eventLoop.run()
    #expect(fixture.takeEvidence()?.divergences == [])
    fixture.teacher.compute.stepUnseen()
    fixture.teacher.eventLoop.run()
    #expect(fixture.takeEvidence()?.divergences.map(\.unit) == [2])
  }

  @Test("The thread takes what clients wait for first, and every ninth time at the latest what they do not")
  func queue() {
    var queue = ComputeQueue<String>()
    func taken(_ batches: String, unseen: String) -> String {
      for job in unseen { queue.addUnseen("\(job)") }
      for job in batches { queue.add("\(job)") }
      var taken = ""
      while let job = queue.next() { taken += job }
      return taken
    }
    #expect(taken("", unseen: "u") == "u")
    #expect(taken("ab", unseen: "u") == "abu")
    #expect(taken("abcdefghijklmnopqrst", unseen: "12") == "abcdefgh1ijklmnop2qrst")
  }

  @Test("On real threads every row is answered rightly, and compared once")
  func realThreads() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let compute = ThreadPoolCompute()
    let loop = ServerLoop(
      eventLoop: group.next(),
      service: TeacherLoop(
        eventLoop: group.next(), settings: Self.settings, control: NoControl(), compute: compute),
      settings: Self.settings.server, logger: silent)
    let policies = try (1...2).map { try Policies.make(seed: $0) }
    let loaded = policies.indices.map { LoadedVersion(model: "m", number: UInt64($0 + 1), policy: policies[$0]) }
    let model = Catalogue.Model(
      name: "m", loaded: loaded, stored: [1, 2], aliases: [V1.AliasTarget(alias: "stable", version: 1)],
      rollout: RolloutTeacher.rollout(weight: 50, shadow: 100))
    try await loop.eventLoop.submit { loop.service.adopt(Catalogue(models: [model])) }.get()
    let channel = try await WireServer.bind(
      to: .tcp(host: "127.0.0.1", port: 0), group: group, loops: [loop], logger: silent)
    let client = try await TeacherClient.connect(to: "127.0.0.1:\(try #require(channel.localAddress?.port))")
    var (sampled, compared, dropped) = (0, 0, 0)
    for episode in 1...400 as ClosedRange<UInt64> {
      let reply = try await client.infer(request(episode, rows: 3))
      #expect(reply.outputs == Policies.answers(policies[Int(reply.version) - 1], rows(3)).outputs)
      if reply.version == 1 { sampled += 3 }
      if episode.isMultiple(of: 20) {
        let evidence = try await loop.eventLoop.submit { loop.service.takeEvidence(model: "m") }.get()
        compared += evidence?.divergences.reduce(0) { $0 + $1.rows } ?? 0
        dropped += evidence?.droppedRows ?? 0
      }
    }
    while compared + dropped < sampled {
      let evidence = try await loop.eventLoop.submit { loop.service.takeEvidence(model: "m") }.get()
      compared += evidence?.divergences.reduce(0) { $0 + $1.rows } ?? 0
      dropped += evidence?.droppedRows ?? 0
      try await pause()
    }
    #expect(compared == sampled && dropped == 0)
    await client.close()
    try await channel.close()
    try await loop.eventLoop.submit { loop.closeAll() }.get()
    await compute.stop()
    try await group.shutdownGracefully()
  }
}
