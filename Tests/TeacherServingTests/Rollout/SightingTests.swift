import NIOCore
import NIOEmbedded
import RolloutControl
import Testing
import Wire

@testable import TeacherServing

/// Which units an event loop reports.
@Suite struct SightingTests {
  @Test("Each unit is seen once a tick, with its arm and the time of its first query")
  func once() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    let (stable, candidate) = (
      RolloutTeacher.episodes(of: .stable, 1)[0], RolloutTeacher.episodes(of: .candidate, 1)[0]
    )
    fixture.teacher.eventLoop.advanceTime(by: .milliseconds(5))
    _ = try fixture.ask(RolloutTeacher.queries([stable, stable, candidate, stable]))
    fixture.teacher.eventLoop.advanceTime(by: .milliseconds(5))
    _ = try fixture.ask(RolloutTeacher.queries([candidate]))
    let seen = [
      LoopEvidence.Sighting(unit: stable, arm: .stable, nanoseconds: 5_000_000),
      LoopEvidence.Sighting(unit: candidate, arm: .candidate, nanoseconds: 5_000_000),
    ]
    #expect(fixture.takeEvidence()?.seen == seen)
    #expect(fixture.takeEvidence()?.seen == [])
    _ = try fixture.ask(RolloutTeacher.queries([candidate]))
    #expect(fixture.takeEvidence()?.seen.map(\.unit) == [candidate])
  }

  @Test("A connection without episode ids is seen once a tick, as the arm that answers it")
  func connections() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    let clients = try (0..<32).map { _ in try fixture.teacher.connect() }
    var units: Set<UInt64> = []
    for _ in 0..<2 {
      var candidates = 0
      for _ in 0..<3 {
        for client in clients {
          let version = try fixture.ask([query(RolloutTeacher.row)], on: client).first?.inferReply?.version
          candidates += version == 2 ? 1 : 0
        }
      }
      let evidence = try #require(fixture.takeEvidence())
      #expect(evidence.seen.count == 32)
      #expect(evidence.seen.count { $0.arm == .candidate } * 3 == candidates)
      for seen in evidence.seen {
        #expect(RolloutTeacher.hash.isCandidate(unit: seen.unit, weightPercent: 50) == (seen.arm == .candidate))
        #expect(seen.isConnection)
        units.insert(seen.unit)
      }
    }
    #expect(units.count == 32)
  }

  @Test("Queries that begin no episode of the rollout are not seen")
  func others() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    let changes: [(inout V1.InferRequest) -> Void] = [
      { $0.version = 2 }, { $0.alias = "beta" }, { $0.leaseVersion = 1 }, { $0.leaseVersion = 2 },
      // Its lease has moved: the episode began elsewhere.
      { $0.leaseVersion = 9 },
      // Refused ones.
      { $0.minimumVersion = 9 }, { $0.observations = [1, 2, 3] }, { $0.elementType = .unrecognized(7) },
    ]
    for (index, change) in changes.enumerated() {
      for episode in [0, UInt64(index + 1)] {
        var request = RolloutTeacher.queries([episode])[0]
        change(&request)
        _ = try fixture.ask(request)
      }
    }
    #expect(fixture.takeEvidence()?.seen == [])
    var request = RolloutTeacher.queries([7])[0]
    request.alias = "stable"
    request.want = .outputs
    request.deadlineMicroseconds = 1_000_000
    _ = try fixture.ask(request)
    #expect(fixture.takeEvidence()?.seen.map(\.unit) == [7])
  }

  @Test("What an older generation saw is dropped; a catalogue of the same one keeps it")
  func generations() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, generation: 4))
    _ = try fixture.ask(RolloutTeacher.queries([1, 2]))
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, generation: 4))
    _ = try fixture.ask(RolloutTeacher.queries([3]))
    var evidence = try #require(fixture.takeEvidence())
    #expect(evidence.generation == 4 && evidence.seen.map(\.unit) == [1, 2, 3])
    _ = try fixture.ask(RolloutTeacher.queries([4]))
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 75, generation: 5))
    evidence = try #require(fixture.takeEvidence())
    #expect(evidence.generation == 5 && evidence.seen == [])
  }

  @Test("Nothing is collected where nobody takes it, or no rollout shares the traffic")
  func notCollected() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    _ = try fixture.ask(RolloutTeacher.queries([1, 2]))
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, collects: false))
    _ = try fixture.ask(RolloutTeacher.queries([3]) + [query(RolloutTeacher.row)])
    #expect(fixture.takeEvidence()?.seen == [])
    fixture.adopt()
    #expect(fixture.takeEvidence() == nil)
    #expect(fixture.teacher.loop.service.takeEvidence(model: "x") == nil)
  }

  @Test("A tick holds 16,384 units; queries of others are answered and counted")
  func bounded() throws {
    var table = UnitTable()
    for unit in 1...20_000 as ClosedRange<UInt64> { table.see(unit, .stable, now: unit) }
    for unit in 19_999...20_000 as ClosedRange<UInt64> { table.add(UnitDivergence(unit: unit, rows: 1)) }
    table.add(UnitDivergence(unit: 5, rows: 3, kl: 1))
    #expect(table.count == 16_384)
    var evidence = table.take(generation: 1)
    #expect(evidence.seen.count == 16_384 && evidence.dropped == 3618)
    #expect(evidence.divergences == [UnitDivergence(unit: 5, rows: 3, kl: 1)])
    #expect(table.count == 0)
    evidence = table.take(generation: 1)
    #expect(evidence.seen.isEmpty && evidence.dropped == 0)
  }
}
