import NIOCore
import NIOEmbedded
import RolloutControl
import Testing
import Wire

@testable import TeacherServing

/// Which version answers.
@Suite struct RoutingTests {
  private static let stables = RolloutTeacher.episodes(of: .stable, 1)[0]
  private static let candidates = RolloutTeacher.episodes(of: .candidate, 1)[0]

  /// A query, what holds when it is asked, and who answers it.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var episode: UInt64 = 0
    var lease: UInt64 = 0
    var version: UInt64 = 0
    var alias = ""
    var minimum: UInt64 = 0
    /// Percent of a rollout of 2; nil: there is none.
    var weight: Double?
    var withdrawn: Set<UInt64> = []
    var ended: Set<UInt64> = []
    var loaded: Set<UInt64> = [1, 2, 3]
    /// 0: FAILED_PRECONDITION.
    var expected: UInt64
    var moved = false
  }

  static let cases: [Case] = [
    Case(testDescription: "the alias, without a rollout", episode: candidates, expected: 1),
    Case(testDescription: "the rollout's share: stable's episode", episode: stables, weight: 50, expected: 1),
    Case(testDescription: "the rollout's share: candidate's episode", episode: candidates, weight: 50, expected: 2),
    Case(testDescription: "a share of nothing", episode: candidates, weight: 0, expected: 1),
    Case(testDescription: "a share of everything", episode: stables, weight: 100, expected: 2),
    Case(testDescription: "everything, by connection", weight: 100, expected: 2),
    Case(
      testDescription: "stable by its name is shared", episode: candidates, alias: "stable", weight: 50, expected: 2),
    Case(testDescription: "another alias is not", episode: candidates, alias: "beta", weight: 100, expected: 3),
    Case(
      testDescription: "a pinned version is first", episode: candidates, lease: 2, version: 3, weight: 50, expected: 3),
    Case(
      testDescription: "a pinned version answers though withdrawn", version: 2, weight: nil, withdrawn: [2], expected: 2
    ),
    Case(testDescription: "a lease is before the share", episode: candidates, lease: 1, weight: 100, expected: 1),
    Case(testDescription: "a lease of the candidate", episode: stables, lease: 2, weight: 1, expected: 2),
    Case(testDescription: "a lease is before another alias", lease: 1, alias: "beta", expected: 1),
    Case(testDescription: "a lease of a third version", lease: 3, weight: 50, expected: 3),
    Case(
      testDescription: "a lease of a version that is gone moves to the share", episode: candidates, lease: 9,
      weight: 50,
      expected: 2, moved: true),
    Case(
      testDescription: "a lease of a withdrawn version moves to the alias", lease: 2, withdrawn: [2], expected: 1,
      moved: true),
    Case(
      testDescription: "a lease that has ended moves to the share", episode: stables, lease: 3, weight: 50, ended: [3],
      expected: 1, moved: true),
    Case(
      testDescription: "a lease that has ended moves to the alias it names", lease: 1, alias: "beta", ended: [1],
      expected: 3, moved: true),
    Case(
      testDescription: "minimum version: the share answers too old", episode: stables, minimum: 2, weight: 50,
      expected: 0),
    Case(
      testDescription: "minimum version: the share is new enough", episode: candidates, minimum: 2, weight: 50,
      expected: 2),
    Case(testDescription: "minimum version: a lease answers too old", lease: 1, minimum: 2, weight: 100, expected: 0),
    Case(testDescription: "a candidate that is not loaded has no share", weight: 100, loaded: [1, 3], expected: 1),
    Case(testDescription: "a withdrawn candidate has no share", weight: 100, withdrawn: [2], expected: 1),
    Case(testDescription: "without its baseline a rollout has no say", weight: 100, loaded: [2, 3], expected: 0),
  ]

  @Test("Precedence: a pinned version, a lease, the rollout's share, the alias", arguments: cases)
  func precedence(test: Case) throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(
      rollout: test.weight.map { RolloutTeacher.rollout(weight: $0) }, withdrawn: test.withdrawn,
      leaseEnds: Dictionary(uniqueKeysWithValues: test.ended.map { ($0, .uptimeNanoseconds(0)) }), loaded: test.loaded)
    var request = query(RolloutTeacher.row)
    request.episode = test.episode
    request.leaseVersion = test.lease
    request.version = test.version
    request.alias = test.alias
    request.minimumVersion = test.minimum
    // What a query asks beside its version changes nothing of who answers; nor does that the loop remembers where the
    // last one went.
    for deadline in [0, 0, 1_000_000] as [UInt64] {
      request.deadlineMicroseconds = deadline
      let answer = try fixture.ask(request)
      guard test.expected > 0 else {
        #expect(answer?.status?.code == .failedPrecondition)
        continue
      }
      let expected = Policies.answers(fixture.policies[Int(test.expected) - 1], RolloutTeacher.row)
      #expect(answer?.inferReply?.version == test.expected)
      #expect(answer?.inferReply?.outputs == expected.outputs)
      #expect(answer?.inferReply?.leaseMoved == test.moved)
    }
  }

  @Test("Where operators have moved `stable` elsewhere, the alias is their word")
  func movedAlias() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(stable: 3, rollout: RolloutTeacher.rollout(weight: 100))
    #expect(try fixture.ask(query(RolloutTeacher.row))?.inferReply?.version == 3)
    #expect(fixture.takeEvidence() == nil)
  }

  @Test("An episode keeps the version that it began with through every step, the promotion and the watch after it")
  func leaseSurvivesPromotion() throws {
    let fixture = try RolloutTeacher()
    let episodes = (1...200).map { UInt64($0) }
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    let began = try fixture.ask(RolloutTeacher.queries(episodes)).map { $0.inferReply?.version ?? 0 }
    #expect(Set(began) == [1, 2])
    let stages: [(stable: UInt64, weight: Double?)] = [(1, 5), (1, 100), (2, 100), (2, nil)]
    for (step, stage) in stages.enumerated() {
      fixture.adopt(
        stable: stage.stable,
        rollout: stage.weight.map { RolloutTeacher.rollout(weight: $0, generation: UInt64(step + 2)) })
      let requests = zip(RolloutTeacher.queries(episodes), began).map { request, version in
        var request = request
        request.leaseVersion = version
        return request
      }
      let answers = try fixture.ask(requests).compactMap(\.inferReply)
      #expect(answers.map(\.version) == began)
      #expect(answers.allSatisfy { !$0.leaseMoved })
    }
  }

  @Test("A rollback moves the open leases of what was withdrawn, says so, and leaves the others")
  func rollback() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 100))
    var request = query(RolloutTeacher.row)
    request.leaseVersion = 2
    #expect(try fixture.ask(request)?.inferReply?.leaseMoved == false)
    fixture.adopt(withdrawn: [2])
    let moved = try fixture.ask(request)?.inferReply
    #expect(moved?.version == 1 && moved?.leaseMoved == true)
    request.leaseVersion = 3
    #expect(try fixture.ask(request)?.inferReply?.version == 3)
    request.leaseVersion = 0
    #expect(try fixture.ask(request)?.inferReply?.version == 1)
  }

  @Test("A lease is honoured until its version's end, of the event loop's clock")
  func leaseEnd() throws {
    let fixture = try RolloutTeacher()
    let end = fixture.teacher.eventLoop.now + .seconds(3600)
    fixture.adopt(stable: 3, leaseEnds: [1: end])
    var request = query(RolloutTeacher.row)
    request.leaseVersion = 1
    fixture.teacher.eventLoop.advanceTime(to: end - .nanoseconds(1))
    #expect(try fixture.ask(request)?.inferReply == Self.reply(fixture, 1))
    fixture.teacher.eventLoop.advanceTime(to: end)
    var moved = Self.reply(fixture, 3)
    moved.leaseMoved = true
    #expect(try fixture.ask(request)?.inferReply == moved)
  }

  private static func reply(_ fixture: RolloutTeacher, _ version: Int) -> V1.InferReply {
    let (outputs, values) = Policies.answers(fixture.policies[version - 1], RolloutTeacher.row)
    return V1.InferReply(version: UInt64(version), rows: 1, outputs: outputs, values: values)
  }

  @Test(
    "The candidate has its share of episodes, and each episode is the hash's", arguments: [1, 5, 25, 50] as [Double])
  func share(weight: Double) throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: weight, collects: false))
    let episodes = (1...5000).map { UInt64($0) }
    let versions = try fixture.ask(RolloutTeacher.queries(episodes)).map { $0.inferReply?.version }
    let expected = episodes.map { RolloutTeacher.hash.isCandidate(unit: $0, weightPercent: weight) ? 2 : 1 }
    let wrong = zip(versions, expected).count { $0 != UInt64($1) }
    #expect(wrong == 0 && versions.count == episodes.count)
    let share = weight / 100
    let deviation = (share * (1 - share) * 5000).squareRoot()
    #expect(abs(Double(versions.count { $0 == 2 }) - 5000 * share) <= 4 * deviation)
  }

  @Test("Without episode ids a connection is the unit: it keeps its version, and connections differ")
  func connections() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50))
    let clients = try (0..<64).map { _ in try fixture.teacher.connect() }
    func versions(_ change: (inout V1.InferRequest) -> Void = { _ in }) throws -> [UInt64?] {
      var request = query(RolloutTeacher.row)
      change(&request)
      return try clients.map { try fixture.ask([request], on: $0).first?.inferReply?.version }
    }
    let first = try versions()
    #expect(Set(first) == [1, 2])
    #expect(try versions() == first)
    #expect(try versions { $0.deadlineMicroseconds = 1_000_000 } == first)
    // A tick, a step that changes nothing of the weight, and one that takes nobody back.
    _ = fixture.takeEvidence()
    #expect(try versions() == first)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 50, generation: 2))
    #expect(try versions() == first)
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 75, generation: 3))
    let later = try versions()
    #expect(zip(first, later).allSatisfy { $0 == 1 || $1 == 2 })
    fixture.adopt()
    #expect(Set(try versions()) == [1])
  }

  @Test("A model's plain queries are found without a look at the rollout once it has ended")
  func ends() throws {
    let fixture = try RolloutTeacher()
    fixture.adopt(rollout: RolloutTeacher.rollout(weight: 100))
    #expect(try fixture.ask(query(RolloutTeacher.row))?.inferReply?.version == 2)
    fixture.adopt(stable: 2)
    #expect(try fixture.ask(query(RolloutTeacher.row))?.inferReply?.version == 2)
    fixture.adopt(stable: 1)
    #expect(try fixture.ask(query(RolloutTeacher.row))?.inferReply?.version == 1)
    let lanes = fixture.loaded.map { Lane($0, runsOnLoop: true, settings: .defaults) }
    var model = Catalogue.Model(
      name: "m", loaded: [], stored: [], aliases: [V1.AliasTarget(alias: "stable", version: 1)])
    let plain = Route(model, lanes: lanes)
    #expect(plain.plainTarget != nil && plain.sharedTarget == nil)
    model.rollout = RolloutTeacher.rollout(weight: 0)
    let shared = Route(model, lanes: lanes)
    #expect(shared.plainTarget == nil && shared.sharedTarget != nil)
  }
}
