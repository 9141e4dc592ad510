import Testing

@testable import Registry

@Suite struct GarbageTests {
  @Test func whatNothingPointsToGoes() throws {
    let fixture = try RolloutFixture()
    let registry = fixture.registry
    try registry.moveAlias(model: "m", alias: "canary", to: 2, who: "ann", why: "")
    let record = try registry.collectGarbage(model: "m", keep: 1)
    #expect(record == GarbageRecord(removed: [3], bytesFreed: 100), "1 is stable, 2 canary, 4 the newest")
    #expect(try fixture.another().versions(of: "m").map(\.number) == [1, 2, 4])
    #expect(try fixture.files.sql(Int.self, "SELECT sum(bytes) FROM artefacts") == 300)
    #expect(try fixture.files.sql(Int.self, "SELECT count(*) FROM artefact_chunks") == 3)
    #expect(try registry.collectGarbage(model: "m", keep: 1) == GarbageRecord(removed: [], bytesFreed: 0))
    #expect(try registry.collectGarbage(model: "m", keep: 0).removed == [4])
    #expect(try registry.publish(.sample(), artefact: artefact(100), who: "ann").number == 5)
    #expect(try registry.integrityProblems() == [])
  }

  @Test(arguments: [RolloutState.running, .paused, .watching])
  func whatAnActiveRolloutNeedsStays(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.rollout(in: state)
    #expect(try fixture.registry.collectGarbage(model: "m", keep: 0).removed == [3, 4])
    try fixture.change(rollout, to: .rollBack)
    #expect(try fixture.registry.collectGarbage(model: "m", keep: 0).removed == [2])
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [])
  }

  @Test func theWayBackStays() throws {
    let fixture = try RolloutFixture()
    let registry = fixture.registry
    for version in 2...4 as ClosedRange<UInt64> {
      try registry.moveAlias(model: "m", alias: "stable", to: version, who: "ann", why: "")
    }
    #expect(try registry.rollBack(model: "m", who: "ann", why: "").to == 3)
    #expect(
      try registry.collectGarbage(model: "m", keep: 0).removed == [1, 4], "4 was withdrawn, so 2 is the way back")
    #expect(try registry.rollBack(model: "m", who: "ann", why: "").to == 2)
  }

  @Test func anArtefactThatAnotherVersionHasIsNotFreed() throws {
    let fixture = try RolloutFixture()
    let shared = try fixture.registry.publish(.sample("other"), artefact: artefact(100, salt: 3), who: "ann")
    let record = try fixture.registry.collectGarbage(model: "m", keep: 1)
    #expect(record == GarbageRecord(removed: [2, 3], bytesFreed: 100))
    #expect(try fixture.registry.artefact(of: shared) == artefact(100, salt: 3))
    #expect(
      try fixture.registry.versions(of: "other").count == 1, "another model's versions are no matter of this one's")
  }

  @Test func whatMakesNoSenseIsRefusedAndRemovesNothing() throws {
    let fixture = try RolloutFixture()
    let negative = try fixture.refusal { _ = try fixture.registry.collectGarbage(model: "m", keep: -1) }
    #expect(negative.error?.code == .invalid && negative.changedNothing)
    let unknown = try fixture.refusal { _ = try fixture.registry.collectGarbage(model: "x", keep: 1) }
    #expect(unknown.error?.code == .notFound && unknown.changedNothing)
  }
}
