import GRDB
import Testing

@testable import Registry

@Suite struct RolloutTests {
  // MARK: Starting

  @Test func aRolloutBeginsAtItsFirstWeightAgainstStable() throws {
    let fixture = try RolloutFixture()
    let started = try fixture.start()
    #expect(started.id.count == 32 && started.id.allSatisfy { $0.isHexDigit })
    #expect(started.model == "m" && started.candidate == 2 && started.baseline == 1)
    #expect(started.plan == RolloutFixture.plan)
    #expect(started.state == .running && started.step == 0 && started.weightPercent == 1)
    #expect(started.stepStartedMicroseconds == fixture.clock.now && started.createdMicroseconds == fixture.clock.now)
    #expect(started.who == "ann" && started.reason == "try it" && started.endedMicroseconds == nil)
    #expect(try fixture.another().rollout(started.id) == started)
    #expect(try fixture.stable() == 1, "stable moves when the candidate is promoted")
    #expect(try fixture.registry.rolloutEvents(of: started.id).map(\.kind) == [.started])
  }

  @Test func whatCannotBeRolledOutIsRefusedAndChangesNothing() throws {
    let fixture = try RolloutFixture()
    _ = try fixture.registry.publish(.sample("bare"), artefact: artefact(100), who: "ann")
    try fixture.registry.moveAlias(model: "bare", alias: "stable", to: nil, who: "ann", why: "")
    let cases: [(model: String, candidate: UInt64, weight: Double, code: RegistryError.Code, message: String)] = [
      ("x", 2, 1, .notFound, "there is no model 'x'; there is bare, m"),
      ("m", 9, 1, .notFound, "version 9 cannot be the candidate of a rollout: model 'm' has #1, #2, #3, #4"),
      ("m", .max, 1, .notFound, "version 18446744073709551615 cannot be"),
      ("m", 1, 1, .conflict, "version 1 of model 'm' is stable already"),
      ("bare", 1, 1, .conflict, "model 'bare' has no alias 'stable' to compare version 1 with"),
      ("m", 2, 0, .invalid, "a weight of 0.0% was given, expected more than 0% and at most 100%"),
      ("m", 2, -1, .invalid, "a weight of -1.0%"),
      ("m", 2, 100.5, .invalid, "a weight of 100.5%"),
      ("m", 2, .nan, .invalid, "a weight of nan%"),
    ]
    for (model, candidate, weight, code, message) in cases {
      let (error, changedNothing) = try fixture.refusal {
        _ = try fixture.registry.startRollout(
          model: model, plan: "", candidate: candidate, firstWeight: weight, who: "ann", why: "")
      }
      #expect(error?.code == code)
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
      #expect(changedNothing)
    }
  }

  @Test(arguments: [RolloutState.running, .paused, .watching])
  func aModelHasOneActiveRollout(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let active = try fixture.rollout(in: state)
    let (error, changedNothing) = try fixture.refusal { _ = try fixture.start(3) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("\(active.id) (\(state.rawValue), of version 2)") == true)
    #expect(changedNothing)
    #expect(throws: DatabaseError.self, "the schema has the rule too") {
      try fixture.files.tamper(
        """
        INSERT OR REPLACE INTO rollouts SELECT 99, lower(hex(randomblob(16))), model, 3, 4, plan, 'running', 0, 1, 0, 1,
          NULL, '', '', 0, NULL FROM rollouts
        """)
    }
  }

  @Test func oneModelsRolloutIsNoMatterOfAnothers() throws {
    let fixture = try RolloutFixture()
    for salt in 1...2 as ClosedRange<UInt8> {
      _ = try fixture.registry.publish(.sample("a"), artefact: artefact(100, salt: salt), who: "ann")
    }
    let first = try fixture.start()
    let second = try fixture.registry.startRollout(
      model: "a", plan: "", candidate: 2, firstWeight: 5, who: "ann", why: "")
    #expect(first.id != second.id)
    #expect(try fixture.registry.activeRollouts() == [second, first], "by the models' names")
    #expect(try fixture.registry.rollouts() == [second, first], "the newest first")
    #expect(try fixture.registry.rollouts(of: "m") == [first])
    #expect(try fixture.registry.events(of: "a").map(\.rollout) == [second.id])
    #expect(registryError { _ = try fixture.registry.rollouts(of: "x") }?.code == .notFound)
    #expect(registryError { _ = try fixture.registry.rollout("x") }?.code == .notFound)
  }

  // MARK: Changing

  /// What every change does in every state. nil: it is refused.
  private static let transitions: [(state: RolloutState, change: RolloutChange, after: Outcome?)] = [
    (.running, .advance(step: 1, weightPercent: 5), Outcome(.running, weight: 5, stable: 1, .advanced)),
    (.running, .pause, Outcome(.paused, weight: 1, stable: 1, .paused)),
    (.running, .resume, nil),
    (.running, .promote, Outcome(.watching, weight: 100, stable: 2, .promoted)),
    (.running, .abort, Outcome(.aborted, weight: 0, stable: 1, .aborted, withdrawn: true)),
    (.running, .rollBack, Outcome(.rolledBack, weight: 0, stable: 1, .rolledBack, withdrawn: true)),
    (.running, .complete, nil),
    (.paused, .advance(step: 1, weightPercent: 5), nil),
    (.paused, .pause, nil),
    (.paused, .resume, Outcome(.running, weight: 1, stable: 1, .resumed)),
    (.paused, .promote, Outcome(.watching, weight: 100, stable: 2, .promoted)),
    (.paused, .abort, Outcome(.aborted, weight: 0, stable: 1, .aborted, withdrawn: true)),
    (.paused, .rollBack, Outcome(.rolledBack, weight: 0, stable: 1, .rolledBack, withdrawn: true)),
    (.paused, .complete, nil),
    (.watching, .advance(step: 1, weightPercent: 5), nil),
    (.watching, .pause, nil),
    (.watching, .resume, nil),
    (.watching, .promote, nil),
    (.watching, .abort, nil),
    (.watching, .rollBack, Outcome(.rolledBack, weight: 0, stable: 1, .rolledBack, withdrawn: true)),
    (.watching, .complete, Outcome(.completed, weight: 0, stable: 2, .completed)),
  ]

  struct Outcome {
    var state: RolloutState
    var weight: Double
    var stable: UInt64
    var event: RolloutEvent.Kind
    var withdrawn: Bool

    init(
      _ state: RolloutState, weight: Double, stable: UInt64, _ event: RolloutEvent.Kind, withdrawn: Bool = false
    ) {
      self.state = state
      self.weight = weight
      self.stable = stable
      self.event = event
      self.withdrawn = withdrawn
    }
  }

  @Test(arguments: transitions.indices)
  func aChangeLeadsWhereItsTableSays(index: Int) throws {
    let (state, change, expected) = Self.transitions[index]
    let fixture = try RolloutFixture()
    let before = try fixture.rollout(in: state)
    fixture.clock.advance(seconds: 60)
    guard let expected else {
      let (error, changedNothing) = try fixture.refusal { try fixture.change(before, to: change) }
      #expect(error?.code == .conflict)
      let words = "cannot \(change) rollout \(before.id) of model 'm': it is \(state.rawValue), expected"
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
      for allowed in change.allowedStates { #expect(error?.message.contains(allowed.rawValue) == true) }
      #expect(changedNothing)
      return
    }
    let stableBefore = try fixture.stable()
    let after = try fixture.change(before, to: change)
    #expect(try fixture.another().rollout(before.id) == after)
    #expect(after.state == expected.state)
    #expect(after.weightPercent == expected.weight)
    #expect(after.revision == before.revision + 1)
    #expect(after.who == "ann" && after.reason == "because", "who started it, and why it stands so")
    #expect(after.endedMicroseconds == (expected.state.isActive ? nil : fixture.clock.now))
    #expect(try fixture.stable() == expected.stable)
    #expect(try fixture.registry.withdrawnVersions(of: "m") == (expected.withdrawn ? [2] : []))
    let event = try #require(try fixture.registry.rolloutEvents(of: before.id).last)
    #expect(event.kind == expected.event && event.step == after.step && event.weightPercent == expected.weight)
    #expect(event.who == "bob" && event.reason == "because" && event.whenMicroseconds == fixture.clock.now)
    guard expected.stable != stableBefore else { return }
    let line = try #require(try fixture.registry.history(of: "m").last)
    #expect(line.alias == "stable" && line.from == stableBefore && line.to == expected.stable)
    #expect(line.who == "bob" && line.why == "because" && line.whenMicroseconds == fixture.clock.now)
  }

  @Test(arguments: [RolloutState.completed, .aborted, .rolledBack])
  func aRolloutThatHasEndedStaysAsItIs(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let ended = try fixture.rollout(in: state)
    for change in Set(Self.transitions.map(\.change)) {
      let (error, changedNothing) = try fixture.refusal { try fixture.change(ended, to: change) }
      #expect(error?.code == .conflict)
      #expect(
        error?.message.contains("it has ended (\(state.rawValue): because)") == true, "\(error?.message ?? "none")")
      #expect(changedNothing)
    }
    #expect(throws: DatabaseError.self) { try fixture.files.tamper("UPDATE rollouts SET reason = 'another'") }
    #expect(try fixture.registry.activeRollouts() == [])
    let next = try fixture.start(3)
    #expect(next.baseline == (state == .completed ? 2 : 1))
  }

  @Test func aStepIsTimedFromWhenItBeganOrWasResumed() throws {
    let fixture = try RolloutFixture()
    var rollout = try fixture.start()
    let begun = fixture.clock.now
    fixture.clock.advance(seconds: 10)
    rollout = try fixture.change(rollout, to: .pause)
    #expect(rollout.stepStartedMicroseconds == begun)
    fixture.clock.advance(seconds: 10)
    rollout = try fixture.change(rollout, to: .resume)
    #expect(rollout.stepStartedMicroseconds == begun + 20_000_000)
    fixture.clock.advance(seconds: 10)
    rollout = try fixture.change(rollout, to: .advance(step: 2, weightPercent: 25))
    #expect(rollout.step == 2 && rollout.stepStartedMicroseconds == begun + 30_000_000)
    fixture.clock.advance(seconds: 10)
    rollout = try fixture.change(rollout, to: .promote)
    #expect(rollout.step == 2 && rollout.stepStartedMicroseconds == begun + 40_000_000)
    #expect(rollout.createdMicroseconds == begun)
    #expect(
      try fixture.registry.events(of: "m").map { "\($0.kind.rawValue) \($0.step) \($0.weightPercent)" } == [
        "started 0 1.0", "paused 0 1.0", "resumed 0 1.0", "advanced 2 25.0", "promoted 2 100.0",
      ])
  }

  @Test func stepsAndWeightsOnlyGrow() throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.change(fixture.start(), to: .advance(step: 1, weightPercent: 5))
    let cases: [(step: Int, weight: Double, code: RegistryError.Code, message: String)] = [
      (1, 25, .conflict, "it is at step 1 with 5.0%, expected a later step and a larger weight"),
      (0, 25, .conflict, "it is at step 1 with 5.0%"),
      (2, 5, .conflict, "it is at step 1 with 5.0%"),
      (2, 101, .invalid, "a weight of 101.0% was given"),
      (2, .nan, .invalid, "a weight of nan% was given"),
    ]
    for (step, weight, code, message) in cases {
      let (error, changedNothing) = try fixture.refusal {
        try fixture.change(rollout, to: .advance(step: step, weightPercent: weight))
      }
      #expect(error?.code == code)
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
      #expect(changedNothing)
    }
  }

  @Test func aChangeThatWasDecidedOnAnOlderRevisionIsRefused() throws {
    let fixture = try RolloutFixture()
    let started = try fixture.start()
    let paused = try fixture.change(started, to: .pause, expecting: started.revision)
    let (error, changedNothing) = try fixture.refusal {
      try fixture.change(paused, to: .promote, expecting: started.revision)
    }
    #expect(error?.code == .conflict)
    #expect(
      error?.message.contains("expected revision 1, it is at 2 (paused)") == true, "\(error?.message ?? "")")
    #expect(changedNothing)
    #expect(try fixture.change(paused, to: .promote, expecting: 2).state == .watching)
    #expect(
      registryError { try fixture.registry.changeRollout(id: "x", to: .pause, who: "", why: "") }?.code == .notFound)
  }

  @Test func twoConnectionsSeeEachOthersChanges() throws {
    let fixture = try RolloutFixture()
    let other = try fixture.another()
    let before = try other.foreignChanges()
    let started = try fixture.start()
    #expect(try other.foreignChanges() != before)
    #expect(try other.activeRollouts() == [started])
    let paused = try other.changeRollout(id: started.id, expecting: 1, to: .pause, who: "cleo", why: "lunch")
    #expect(try fixture.registry.rollout(started.id) == paused)
    #expect(
      registryError { try fixture.change(started, to: .advance(step: 1, weightPercent: 5), expecting: 1) }?.code
        == .conflict)
    let seen = try fixture.registry.events(of: "m")
    try fixture.change(started, to: .resume)
    #expect(try other.events(of: "m", after: seen.last!.id).map(\.kind) == [.resumed])
  }

  // MARK: Evidence

  @Test func evidenceIsKeptWithItsStepAndIsNoChange() throws {
    let fixture = try RolloutFixture()
    let started = try fixture.start()
    try fixture.registry.saveEvidence(#"{"episodes": 7}"#, rollout: started.id, expecting: 1)
    var rollout = try fixture.another().rollout(started.id)
    #expect(rollout.evidence == #"{"episodes": 7}"# && rollout.revision == 1)
    #expect(try fixture.registry.events(of: "m").count == 1)
    rollout = try fixture.change(fixture.change(rollout, to: .pause), to: .resume)
    #expect(rollout.evidence == #"{"episodes": 7}"#, "a pause loses nothing")
    rollout = try fixture.change(rollout, to: .advance(step: 1, weightPercent: 5))
    #expect(rollout.evidence == nil, "a step counts its own episodes")
    try fixture.registry.saveEvidence("[]", rollout: started.id, expecting: rollout.revision)
    #expect(try fixture.change(rollout, to: .promote).evidence == nil)
  }

  @Test func evidenceOfAnotherRevisionIsRefused() throws {
    let fixture = try RolloutFixture()
    let started = try fixture.start()
    try fixture.change(started, to: .advance(step: 1, weightPercent: 5))
    let registry = fixture.registry
    let stale = try fixture.refusal { try registry.saveEvidence("{}", rollout: started.id, expecting: 1) }
    #expect(stale.error?.code == .conflict && stale.changedNothing)
    #expect(stale.error?.message.contains("expected revision 1, it is at 2") == true)
    let broken = try fixture.refusal { try registry.saveEvidence("{", rollout: started.id, expecting: 2) }
    #expect(broken.error?.code == .conflict && broken.changedNothing)
    try fixture.change(started, to: .abort)
    let ended = try fixture.refusal { try registry.saveEvidence("{}", rollout: started.id, expecting: 3) }
    #expect(ended.error?.message.contains("has ended (aborted)") == true && ended.changedNothing)
    #expect(registryError { try registry.saveEvidence("{}", rollout: "x", expecting: 1) }?.code == .notFound)
  }

  // MARK: History

  @Test(arguments: [
    "UPDATE rollout_events SET who = 'eve'", "DELETE FROM rollout_events", "DELETE FROM rollouts",
    "INSERT OR REPLACE INTO rollout_events VALUES (1, 1, 'aborted', 0, 0, 'eve', 0, '')",
    "UPDATE rollouts SET candidate = 3", "UPDATE rollouts SET plan = ''", "UPDATE rollouts SET revision = 0",
  ])
  func whatHappenedIsNotRewritten(statement: String) throws {
    let fixture = try RolloutFixture()
    _ = try fixture.start()
    let before = try fixture.files.picture()
    #expect(throws: DatabaseError.self) { try fixture.files.tamper(statement) }
    #expect(try fixture.files.picture() == before)
  }
}
