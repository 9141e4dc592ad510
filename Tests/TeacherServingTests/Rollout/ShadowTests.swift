import NIOCore
import NIOEmbedded
import Neural
import RolloutControl
import Testing
import Wire

@testable import TeacherServing

/// What the other version of a rollout computes unseen.
@Suite struct ShadowTests {
  private let stables = RolloutTeacher.episodes(of: .stable, 8)
  private let candidates = RolloutTeacher.episodes(of: .candidate, 8)

  private func rows(_ count: Int, _ seed: Float) -> [Float] {
    (0..<count).flatMap { [Float($0) / 8, seed, -seed / 2, 0.5] }
  }

  private func request(_ episode: UInt64, _ observations: [Float], lease: UInt64 = 0) -> V1.InferRequest {
    var request = query(observations)
    request.episode = episode
    request.leaseVersion = lease
    return request
  }

  private func expect(
    _ evidence: LoopEvidence?, _ expected: [UnitDivergence], location: SourceLocation = #_sourceLocation
  ) {
    let given = evidence?.divergences ?? []
    #expect(given.map(\.unit) == expected.map(\.unit), sourceLocation: location)
    #expect(given.map(\.rows) == expected.map(\.rows), sourceLocation: location)
    for (given, expected) in zip(given, expected) {
      #expect(abs(given.kl - expected.kl) <= 1e-9 * expected.kl, sourceLocation: location)
      #expect(abs(given.value - expected.value) <= 1e-9 * expected.value, sourceLocation: location)
      #expect(given.agreement == expected.agreement && given.errors == expected.errors, sourceLocation: location)
    }
  }

  static let heads: [(head: Head, hasValue: Bool)] = [
    (.categorical(actions: 3), true), (.categorical(actions: 3), false), (.qValues(actions: 4), false),
    (.gaussian(dimensions: 2, low: [-1, -1], high: [1, 1]), true),
  ]

  @Test("Sums over a unit's rows are those that both policies give", arguments: heads)
  func sums(head: Head, hasValue: Bool) throws {
    let fixture = try RolloutTeacher(
      policies: (1...3).map { try Policies.decided(seed: $0, head: head, hasValue: hasValue) })
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, shadow: 100))
    let asked = [(stables[0], rows(3, 1)), (stables[1], rows(1, 2)), (stables[0], rows(2, 3))]
    _ = try fixture.ask(asked.map { request($0, $1) } + candidates.map { request($0, rows(1, 9)) })
    var sums: [UInt64: UnitDivergence] = [:]
    for (unit, observations) in asked {
      let one = fixture.divergence(unit, observations)
      var sum = sums[unit] ?? UnitDivergence(unit: unit)
      (sum.rows, sum.kl, sum.agreement) = (sum.rows + one.rows, sum.kl + one.kl, sum.agreement + one.agreement)
      (sum.value, sum.errors) = (sum.value + one.value, sum.errors + one.errors)
      sums[unit] = sum
    }
    let expected = try [stables[0], stables[1]].map { try #require(sums[$0]) }
    #expect(expected[0].rows == 5 && expected[0].kl > 0.01)
    expect(fixture.takeEvidence(), expected)
    expect(fixture.takeEvidence(), [])
  }

  @Test("Where everything is the candidate's, its rows are sampled, and the divergence is still from stable to it")
  func reversed() throws {
    let fixture = try RolloutTeacher(policies: (1...3).map { try Policies.decided(seed: $0) })
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 100, shadow: 100))
    let answers = try fixture.ask([request(7, rows(4, 1)), request(8, rows(1, 2), lease: 1)])
    #expect(answers.map { $0.inferReply?.version } == [2, 1])
    expect(fixture.takeEvidence(), [fixture.divergence(7, rows(4, 1))])
  }

  @Test("A query under a lease is sampled under its episode, and begins none")
  func leased() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, shadow: 100))
    _ = try fixture.ask([
      request(candidates[0], rows(2, 1), lease: 1), request(candidates[1], rows(1, 1), lease: 2),
      request(candidates[2], rows(1, 1), lease: 3),
    ])
    let evidence = fixture.takeEvidence()
    expect(evidence, [fixture.divergence(candidates[0], rows(2, 1))])
    #expect(evidence?.seen == [])
  }

  @Test("Queries that no share decides are not sampled: a pinned version, another alias")
  func named() throws {
    let fixture = try RolloutTeacher()
    fixture.teacher.adopt(
      fixture.loaded, aliases: ["stable": 1, "beta": 1], rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    var (pinned, alias) = (request(1, rows(1, 1)), request(2, rows(1, 1)))
    pinned.version = 1
    alias.alias = "beta"
    #expect(try fixture.ask([pinned, alias]).map { $0.inferReply?.version } == [1, 1])
    expect(fixture.takeEvidence(), [])
  }

  @Test("A connection's rows are the unit of queries without an episode; uint8 rows are compared as numbers")
  func connectionsAndBytes() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    var bytes = query([0])
    (bytes.rows, bytes.observations, bytes.elementType) = (1, [3, 1, 4, 1], .uint8)
    _ = try fixture.ask([query(rows(2, 1)), bytes])
    let evidence = try #require(fixture.takeEvidence())
    let unit = try #require(evidence.seen.first?.unit)
    #expect(evidence.seen.count == 1)
    let (first, second) = (fixture.divergence(unit, rows(2, 1)), fixture.divergence(unit, [3, 1, 4, 1]))
    expect(
      evidence,
      [
        UnitDivergence(
          unit: unit, rows: 3, kl: first.kl + second.kl, agreement: first.agreement + second.agreement,
          value: first.value + second.value)
      ])
  }

  @Test("A quarter of the queries is sampled, each wholly")
  func share() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 25))
    // As many at a time as are sampled however slow the machine is.
    var divergences: [UnitDivergence] = []
    for first in stride(from: UInt64(1), through: 4000, by: 8) {
      _ = try fixture.ask((first..<first + 8).map { request($0, rows(2, 1)) })
      divergences += try #require(fixture.takeEvidence()).divergences
    }
    // Six standard deviations.
    #expect(abs(divergences.count - 1000) < 6 * 28)
    #expect(divergences.allSatisfy { $0.rows == 2 })
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 0))
    _ = try fixture.ask((4001...4100).map { request($0, rows(2, 1)) })
    expect(fixture.takeEvidence(), [])
  }

  @Test("No client sees it, no queue counts it, and it is no call of the candidate")
  func unseen() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    var divergences = 0
    // As many at a time as are sampled however slow the machine is.
    for first in stride(from: UInt64(1), through: 100, by: 10) {
      let answers = try fixture.ask((first..<first + 10).map { request($0, rows(1, Float($0))) })
      for (index, answer) in answers.enumerated() {
        let (outputs, values) = Policies.answers(fixture.policies[0], rows(1, Float(first) + Float(index)))
        #expect(answer.inferReply == V1.InferReply(version: 1, rows: 1, outputs: outputs, values: values))
      }
      divergences += try #require(fixture.takeEvidence()).divergences.count
    }
    #expect(fixture.teacher.loop.service.queuedRows == 0)
    #expect(divergences == 100)
    let lanes = fixture.teacher.loop.service.measured(fixture.teacher.loop.counters).lanes
    let (stable, candidate) = (lanes[0].metrics, lanes[1].metrics)
    #expect(stable.rows == 100 && stable.calls[.ok] == 100 && stable.batches.sum == 100)
    #expect(candidate.rows == 0 && candidate.calls[.ok] == 0)
    #expect(candidate.computeTime.count == 0 && candidate.batches.count == 0)
  }

  @Test("What the candidate alone answers with no number is an error; a broken observation says nothing of it")
  func errors() throws {
    var policies = try (1...3).map { try Policies.make(seed: $0) }
    let architecture = policies[1].policy.architecture
    policies[1] = InferencePolicy(
      try Policy(
        architecture: architecture, parameters: [Float](repeating: 3e38, count: architecture.parameterCount)))
    let fixture = try RolloutTeacher(policies: policies)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    _ = try fixture.ask([request(1, rows(2, 1)), request(2, [.nan, .nan, .nan, .nan])])
    let most = Divergence.largest
    expect(fixture.takeEvidence(), [UnitDivergence(unit: 1, rows: 2, kl: 2 * most, value: 2 * most, errors: 2)])
  }

  @Test("Versions with other heads share traffic, and are not compared")
  func incomparable() throws {
    let fixture = try RolloutTeacher(
      policies: [
        Policies.make(seed: 1), Policies.make(seed: 2, actions: 3), Policies.make(seed: 3),
      ])
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, shadow: 100))
    let answers = try fixture.ask([request(stables[0], rows(1, 1)), request(candidates[0], rows(1, 1))])
    #expect(answers.map { $0.inferReply?.version } == [1, 2])
    let evidence = fixture.takeEvidence()
    expect(evidence, [])
    #expect(evidence?.seen.count == 2)
  }

  @Test("Every sixteenth batch times both versions")
  func latencies() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    for _ in 0..<33 { _ = try fixture.ask((1...32).map { request($0, rows(1, 1)) }) }
    let evidence = try #require(fixture.takeEvidence())
    #expect(evidence.latencies.count == 3 && evidence.latencies.allSatisfy { $0.candidate > 0 && $0.stable > 0 })
    #expect(evidence.divergences.count == 32 && evidence.divergences.allSatisfy { $0.rows == 33 })
    #expect(fixture.takeEvidence()?.latencies == [])
  }

  @Test("Rows beyond a batch's memory are dropped and counted; of a large call the first ones are taken")
  func bounded() throws {
    let width = 30_000
    let fixture = try RolloutTeacher(policies: (1...3).map { try Policies.make(seed: $0, observationWidth: width) })
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100))
    let fitting = (4 << 20) / (4 * (width + 2 * 2 + 2))
    let call = query([Float](repeating: 0.5, count: 30 * width), width: width)
    #expect(try fixture.ask([call, call]).count { $0.inferReply != nil } == 2)
    var evidence = try #require(fixture.takeEvidence())
    let taken = evidence.divergences.first?.rows ?? 0
    // What takes longer than a millisecond is not taken either, however slow this machine is.
    #expect((16...fitting).contains(taken) && evidence.droppedRows == 60 - taken)
    evidence = try #require(fixture.takeEvidence())
    #expect(evidence.divergences.isEmpty && evidence.droppedRows == 0)
    let versions = try #require(
      RolloutVersions(stable: fixture.loaded[0], candidate: fixture.loaded[1], sampled: .stable))
    let shadow = Shadow(versions, percent: 100)
    #expect(shadow.rowsMax <= fitting)
  }

  @Test("A rollout that ends, and a step, free what the one before it held")
  func freed() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100, generation: 1))
    _ = try fixture.ask([request(1, rows(1, 1))])
    weak let split = fixture.teacher.loop.service.splits.first
    weak let shadow = fixture.teacher.loop.service.splits.first?.shadow
    #expect(split != nil && shadow?.rows == 1)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 0, shadow: 100, generation: 2))
    #expect(split == nil && shadow == nil)
    expect(fixture.takeEvidence(), [])
    weak let last = fixture.teacher.loop.service.splits.first
    weak let lastShadow = last?.shadow
    #expect(lastShadow != nil)
    fixture.adopt(stable: 2)
    #expect(last == nil && lastShadow == nil && fixture.teacher.loop.service.splits.isEmpty)
  }
}
