import GRDB
import Testing

@testable import Registry

/// One process controls the rollouts of a registry; one that lost them without noticing writes nothing.
@Suite struct OwnershipTests {
  private static let second: Int64 = 1_000_000

  @Test func anOwnerKeepsOthersOutUntilItExpires() throws {
    let fixture = try RolloutFixture()
    let (first, second) = (fixture.registry, try fixture.another())
    let taken = try #require(try first.takeOwnership(of: "rollouts", owner: "a", for: 5 * Self.second))
    #expect(taken.fence == 1 && taken.owner == "a" && taken.expiresMicroseconds == fixture.clock.now + 5 * Self.second)
    #expect(try second.owner(of: "rollouts") == taken)
    fixture.clock.advance(seconds: 4)
    let before = try fixture.files.picture()
    #expect(try second.takeOwnership(of: "rollouts", owner: "b", for: 5 * Self.second) == nil)
    #expect(try fixture.files.picture() == before)
    fixture.clock.advance(seconds: 1)
    let next = try #require(try second.takeOwnership(of: "rollouts", owner: "b", for: 5 * Self.second))
    #expect(next.fence == 2)
    #expect(try first.takeOwnership(of: "rollouts", owner: "a", for: 5 * Self.second) == nil)
    fixture.clock.advance(seconds: 5)
    #expect(
      try first.takeOwnership(of: "rollouts", owner: "a", for: Self.second)?.fence == 3, "it is a new owner again")
  }

  @Test func anOwnerRenewsUnderTheSameFence() throws {
    let fixture = try RolloutFixture()
    for _ in 0..<10 {
      let ownership = try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: 5 * Self.second)
      #expect(ownership?.fence == 1 && ownership?.expiresMicroseconds == fixture.clock.now + 5 * Self.second)
      fixture.clock.advance(seconds: 4)
      #expect(try fixture.another().takeOwnership(of: "rollouts", owner: "b", for: 5 * Self.second) == nil)
    }
    fixture.clock.advance(seconds: 60)
    #expect(
      try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: Self.second)?.fence == 1,
      "late, but nobody has followed")
  }

  @Test func aReleasedOwnershipIsFreeAtOnce() throws {
    let fixture = try RolloutFixture()
    let first = try #require(try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: 60 * Self.second))
    try fixture.registry.releaseOwnership(first)
    let second = try #require(try fixture.registry.takeOwnership(of: "rollouts", owner: "b", for: 60 * Self.second))
    #expect(second.fence == 2)
    try fixture.registry.releaseOwnership(first)
    #expect(try fixture.registry.owner(of: "rollouts") == second, "an old owner releases nothing of the new one's")
  }

  @Test func namesAreOwnedApart() throws {
    let fixture = try RolloutFixture()
    #expect(try fixture.registry.owner(of: "rollouts") == nil)
    #expect(try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: Self.second)?.fence == 1)
    #expect(try fixture.registry.takeOwnership(of: "other", owner: "b", for: Self.second)?.fence == 1)
    #expect(
      registryError { _ = try fixture.registry.takeOwnership(of: "rollouts", owner: "", for: 1) }?.code == .invalid)
    #expect(
      registryError { _ = try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: 0) }?.code == .invalid)
  }

  @Test func aStaleFenceWritesNothing() throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.start()
    let nobody = try fixture.refusal { try fixture.change(rollout, to: .pause, fence: 1) }
    #expect(nobody.error?.code == .conflict && nobody.changedNothing)
    #expect(nobody.error?.message.contains("nobody has taken control") == true)

    let old = try #require(try fixture.registry.takeOwnership(of: Ownership.rollouts, owner: "a", for: Self.second))
    let advance = RolloutChange.advance(step: 1, weightPercent: 5)
    let advanced = try fixture.change(rollout, to: advance, expecting: 1, fence: old.fence)
    fixture.clock.advance(seconds: 2)
    try fixture.registry.saveEvidence("[1]", rollout: rollout.id, expecting: 2, fence: old.fence)
    let new = try #require(try fixture.another().takeOwnership(of: Ownership.rollouts, owner: "b", for: Self.second))

    let words = "the registry's rollouts are controlled by 'b' now (fence 2); this change has fence 1"
    let change = try fixture.refusal { try fixture.change(rollout, to: .promote, expecting: 2, fence: old.fence) }
    #expect(change.error?.code == .conflict && change.changedNothing)
    #expect(change.error?.message == words)
    let evidence = try fixture.refusal {
      try fixture.registry.saveEvidence("[2]", rollout: rollout.id, expecting: 2, fence: old.fence)
    }
    #expect(evidence.error?.message == words && evidence.changedNothing)

    #expect(try fixture.registry.rollout(rollout.id).revision == advanced.revision)
    try fixture.registry.saveEvidence("[3]", rollout: rollout.id, expecting: 2, fence: new.fence)
    #expect(try fixture.change(rollout, to: .pause, expecting: 2, fence: new.fence).evidence == "[3]")
    #expect(try fixture.change(rollout, to: .abort).state == .aborted, "an operator needs no fence")
  }

  @Test(arguments: [
    "UPDATE owners SET fence = fence - 1", "UPDATE owners SET owner = 'eve'", "DELETE FROM owners",
    "UPDATE owners SET name = 'other'",
  ])
  func fencesOnlyGrow(statement: String) throws {
    let fixture = try RolloutFixture()
    _ = try fixture.registry.takeOwnership(of: "rollouts", owner: "a", for: Self.second)
    fixture.clock.advance(seconds: 2)
    _ = try fixture.registry.takeOwnership(of: "rollouts", owner: "b", for: Self.second)
    #expect(throws: DatabaseError.self) { try fixture.files.tamper(statement) }
  }
}
