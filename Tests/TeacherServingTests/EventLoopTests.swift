import NIOCore
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// What event loops share, and what their connections leave to each other.
@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
  private let store = MemoryStore()

  @Test("One copy of the weights: several event loops answer from the same storage of a version")
  func oneCopyOfTheWeights() async throws {
    try await LocalService.run(store, eventLoops: 3) { server in
      for seed in 1...2 as ClosedRange<UInt8> { try await LocalService.publish(seed, on: server) }
      var storages: [[ObjectIdentifier]] = []
      for loop in server.loops {
        storages.append(
          try await loop.eventLoop.submit {
            loop.service.routes.flatMap(\.lanes).map { ObjectIdentifier($0.version.policy) }
          }.get())
      }
      #expect(storages.count == 3 && Set(storages).count == 1, "one version, one storage")
      #expect(storages.first.map { Set($0).count } == 2, "of each version its own")
      // They answer from it.
      let expected = Policies.answers(try Policies.make(seed: 1), Bystander.observations)
      for _ in 0..<9 {
        let session = try await RawSession.greet(server.addresses[0])
        _ = await session.next()
        let reply = try await session.ask(1, .infer(query(Bystander.observations)))?.inferReply
        #expect(reply?.outputs == expected.outputs)
      }
      for loop in server.loops {
        let lanes = try await loop.eventLoop.submit { loop.service.measured(loop.counters).lanes.map(\.metrics) }.get()
        #expect(lanes.reduce(0) { $0 + $1.rows } > 0, "no loop was left out")
      }
    }
  }

  @Test("A deep pipeline is read a turn's share at a time: the loop's batches stay small, whatever the socket holds")
  func readsInShares() async throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = .infinity
    settings.server.limits.callsInFlightMax = 20_000
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let session = try await RawSession.greet(server.addresses[0])
      _ = await session.next()
      let calls = 1...10_000 as ClosedRange<UInt32>
      session.post(bytes: RawConnection.bytes(of: calls.map { V1.Frame(call: $0, .infer(query([1, 2, 3, 4]))) }))
      for _ in calls { _ = await session.next() }
      let batches = try #require(await server.measured().versions.values.first).batches
      #expect(batches.rows == 10_000)
      // Of 4 KB at first, then of 64 rows.
      let large = zip(BatchSizeHistogram.bounds, batches.buckets).filter { $0.0 > 128 && $0.1 > 0 }
      #expect(large.isEmpty, "\(large)")
    }
  }
}
