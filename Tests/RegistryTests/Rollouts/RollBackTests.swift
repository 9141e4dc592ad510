import Testing

@testable import Registry

/// The operators' one command: back to what answered before.
@Suite struct RollBackTests {
  private func move(_ fixture: RolloutFixture, _ alias: String = "stable", to version: UInt64?) throws {
    fixture.clock.advance(seconds: 1)
    try fixture.registry.moveAlias(model: "m", alias: alias, to: version, who: "ann", why: "")
  }

  private func rollBack(_ fixture: RolloutFixture, to version: UInt64? = nil) throws -> RollBackRecord {
    try fixture.registry.rollBack(model: "m", to: version, who: "bob", why: "bad")
  }

  @Test func stableGoesBackThroughItsHistoryPastWhatWasWithdrawn() throws {
    let fixture = try RolloutFixture()
    for version in 2...4 as ClosedRange<UInt64> { try move(fixture, to: version) }
    let first = try rollBack(fixture)
    #expect(first == RollBackRecord(model: "m", from: 4, to: 3, rollout: nil))
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [4])
    let line = try #require(try fixture.registry.history(of: "m").last)
    #expect(line.alias == "stable" && line.from == 4 && line.to == 3 && line.who == "bob" && line.why == "bad")
    #expect(try rollBack(fixture).to == 2, "not to 4, which was withdrawn")
    #expect(try rollBack(fixture).to == 1)
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [2, 3, 4])
    let (error, changedNothing) = try fixture.refusal { _ = try rollBack(fixture) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("is at version 1, and had no version before that is still there") == true)
    #expect(changedNothing)
  }

  @Test func removedVersionsAndOtherAliasesAreNotWhatStableHadBefore() throws {
    let fixture = try RolloutFixture()
    try move(fixture, to: 2)
    try move(fixture, to: 3)
    try move(fixture, "canary", to: 4)
    try move(fixture, "canary", to: nil)
    try fixture.registry.removeVersion(model: "m", number: 2)
    #expect(try rollBack(fixture).to == 1)
  }

  @Test func aNamedVersionIsGoneBackToThoughItWasWithdrawn() throws {
    let fixture = try RolloutFixture()
    try move(fixture, to: 2)
    _ = try rollBack(fixture)
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [2])
    #expect(try rollBack(fixture, to: 2) == RollBackRecord(model: "m", from: 1, to: 2, rollout: nil))
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [1])
  }

  /// Of a rollout of version 2 over 1, where 4 was stable before 1.
  private static let endings: [(state: RolloutState, to: UInt64?, stable: UInt64, withdrawn: Set<UInt64>)] = [
    (.running, nil, 1, [2]),
    (.paused, nil, 1, [2]),
    (.watching, nil, 1, [2]),
    (.running, 1, 1, [2]),
    (.watching, 1, 1, [2]),
    (.running, 4, 4, [1, 2]),
    (.watching, 4, 4, [2]),
  ]

  @Test(arguments: endings.indices)
  func anActiveRolloutEndsWithIt(index: Int) throws {
    let (state, to, stable, withdrawn) = Self.endings[index]
    let fixture = try RolloutFixture()
    try move(fixture, to: 4)
    try move(fixture, to: 1)
    let rollout = try fixture.rollout(in: state)
    let before = try fixture.stable()
    fixture.clock.advance(seconds: 1)
    let record = try rollBack(fixture, to: to)
    #expect(record.from == before && record.to == stable)
    #expect(try fixture.stable() == stable)
    #expect(try fixture.registry.withdrawnVersions(of: "m") == withdrawn)
    let ended = try fixture.registry.rollout(rollout.id)
    #expect(record.rollout == ended)
    #expect(ended.state == .rolledBack && ended.weightPercent == 0 && ended.endedMicroseconds == fixture.clock.now)
    #expect(ended.who == "ann" && ended.reason == "bad" && ended.revision == rollout.revision + 1)
    #expect(try fixture.registry.rolloutEvents(of: rollout.id).last?.kind == .rolledBack)
    let moved = try fixture.registry.history(of: "m").last?.whenMicroseconds == fixture.clock.now
    #expect(moved == (before != stable))
  }

  @Test func whatIsNoWayBackIsRefusedAndChangesNothing() throws {
    let fixture = try RolloutFixture()
    _ = try fixture.registry.publish(.sample("bare"), artefact: artefact(100), who: "ann")
    try fixture.registry.moveAlias(model: "bare", alias: "stable", to: nil, who: "ann", why: "")
    func check(_ model: String, _ version: UInt64?, _ code: RegistryError.Code, _ message: String) throws {
      let (error, changedNothing) = try fixture.refusal {
        try fixture.registry.rollBack(model: model, to: version, who: "bob", why: "")
      }
      #expect(error?.code == code)
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
      #expect(changedNothing)
    }
    try check("x", nil, .notFound, "there is no model 'x'")
    try check("bare", nil, .conflict, "has no alias 'stable' to roll back")
    try check("m", 9, .notFound, "version 9 cannot be what is rolled back to: model 'm' has #1, #2, #3, #4")
    try check("m", 1, .conflict, "version 1 of model 'm' is stable already")
    try check("m", nil, .conflict, "had no version before")
    let rollout = try fixture.start()
    try check("m", 2, .conflict, "version 2 of model 'm' is the candidate of rollout \(rollout.id) (running)")
    try fixture.change(rollout, to: .promote)
    try check("m", 2, .conflict, "is the candidate of rollout \(rollout.id) (watching)")
  }
}
