import TestSupport
import Testing

@testable import Registry

@Suite struct GarbageTests {
  private func numbers(_ fixture: RegistryFixture) throws -> [UInt64] {
    try fixture.registry.versions(of: "m").map(\.number)
  }

  /// `stable` went 1, 2, 4; `old` points to 3; 8 versions.
  private func fixture() throws -> RegistryFixture {
    let fixture = try RegistryFixture()
    for salt in 1...8 as ClosedRange<UInt8> {
      _ = try fixture.registry.publish(.sample(), artefact: artefact(1000 + Int(salt), salt: salt), who: "ann")
    }
    for (alias, version) in [("stable", 2), ("old", 3), ("stable", 4), ("beta", 5)] as [(String, UInt64)] {
      try fixture.registry.moveAlias(model: "m", alias: alias, to: version, who: "ann", why: "")
    }
    try fixture.registry.moveAlias(model: "m", alias: "beta", to: nil, who: "ann", why: "")
    return fixture
  }

  @Test("What aliases, a rollback, and the newest need stays; the rest goes, and its numbers stay used")
  func removes() throws {
    let fixture = try fixture()
    let before = try fixture.picture()
    let expected = [
      CollectedVersion(model: "m", version: 1, bytesFreed: 1001),
      CollectedVersion(model: "m", version: 5, bytesFreed: 1005),
      CollectedVersion(model: "m", version: 6, bytesFreed: 1006),
    ]
    #expect(try fixture.another(.readOnly).collectGarbage(keep: 2, dryRun: true) == expected)
    #expect(try fixture.picture() == before)
    #expect(try fixture.registry.collectGarbage(keep: 2) == expected)
    #expect(try numbers(fixture) == [2, 3, 4, 7, 8], "2 is where a rollback of stable leads")
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts") == 5)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefact_chunks") == 5)
    #expect(try fixture.registry.integrityProblems() == [])
    #expect(try fixture.registry.history(of: "m").count == 6, "history outlives the versions")
    #expect(try fixture.registry.collectGarbage(keep: 2) == [])
    #expect(try fixture.registry.collectGarbage(model: "m", keep: 0).map(\.version) == [7, 8])
    #expect(try fixture.registry.publish(.sample(), artefact: artefact(30), who: "ann").number == 9)
  }

  @Test("After a rollback, the version that was rolled back is what stable pointed to before")
  func afterARollback() throws {
    let fixture = try fixture()
    try fixture.registry.moveAlias(model: "m", alias: "stable", to: 2, who: "ann", why: "rollback")
    #expect(try fixture.registry.collectGarbage(keep: 0).map(\.version) == [1, 5, 6, 7, 8])
    #expect(try numbers(fixture) == [2, 3, 4])
  }

  @Test("An artefact that another version has too stays, and its bytes are counted with the last")
  func sharedArtefacts() throws {
    let fixture = try RegistryFixture()
    for model in ["a", "a", "a", "b"] {
      _ = try fixture.registry.publish(.sample(model), artefact: artefact(500), who: "ann")
    }
    let planned = try fixture.registry.collectGarbage(keep: 0, dryRun: true)
    #expect(planned.map { "\($0.model)#\($0.version) \($0.bytesFreed)" } == ["a#2 0", "a#3 0"])
    #expect(try fixture.registry.collectGarbage(keep: 0) == planned)
    #expect(try fixture.registry.artefact(of: fixture.registry.versions(of: "b")[0]).count == 500)
    for _ in 0..<2 { _ = try fixture.registry.publish(.sample("b"), artefact: artefact(600, salt: 1), who: "ann") }
    let two = [
      CollectedVersion(model: "b", version: 2, bytesFreed: 0),
      CollectedVersion(model: "b", version: 3, bytesFreed: 600),
    ]
    #expect(try fixture.registry.collectGarbage(keep: 0, dryRun: true) == two)
    #expect(try fixture.registry.collectGarbage(keep: 0) == two)
  }

  @Test(arguments: [RolloutState.running, .paused, .watching])
  func whatAnActiveRolloutNeedsStays(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.rollout(in: state)
    #expect(try fixture.registry.collectGarbage(keep: 0).map(\.version) == [3, 4])
    try fixture.change(rollout, to: .rollBack)
    #expect(try fixture.registry.collectGarbage(keep: 0).map(\.version) == [2])
    #expect(try fixture.registry.withdrawnVersions(of: "m") == [])
  }

  @Test("Where a rollback would lead stays, past what was withdrawn")
  func theWayBackStays() throws {
    let fixture = try RolloutFixture()
    let registry = fixture.registry
    for version in 2...4 as ClosedRange<UInt64> {
      try registry.moveAlias(model: "m", alias: "stable", to: version, who: "ann", why: "")
    }
    #expect(try registry.rollBack(model: "m", who: "ann", why: "").to == 3)
    #expect(try registry.collectGarbage(keep: 0).map(\.version) == [1, 4], "4 was withdrawn, so 2 is the way back")
    #expect(try registry.rollBack(model: "m", who: "ann", why: "").to == 2)
  }

  @Test func itRefusesAModelThatIsNotThereAndANegativeNumber() throws {
    let fixture = try fixture()
    #expect(registryError { try fixture.registry.collectGarbage(model: "x", keep: 1) }?.code == .notFound)
    #expect(registryError { try fixture.registry.collectGarbage(keep: -1) }?.code == .invalid)
  }
}
