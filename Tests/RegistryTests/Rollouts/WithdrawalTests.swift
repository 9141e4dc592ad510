import GRDB
import Testing

@testable import Registry

/// What rollouts do to versions and aliases, and what they keep others from doing.
@Suite struct WithdrawalTests {
  @Test func aVersionIsWithdrawnUntilSomethingPointsToItAgain() throws {
    let fixture = try RolloutFixture()
    let registry = fixture.registry
    for version in 2...4 as ClosedRange<UInt64> { try fixture.change(fixture.start(version), to: .abort) }
    #expect(try fixture.another().withdrawnVersions(of: "m") == [2, 3, 4])
    try registry.moveAlias(model: "m", alias: "canary", to: 3, who: "ann", why: "")
    #expect(try registry.withdrawnVersions(of: "m") == [2, 4])
    let second = try fixture.start(2)
    #expect(try registry.withdrawnVersions(of: "m") == [4])
    try fixture.change(second, to: .abort)
    #expect(try registry.withdrawnVersions(of: "m") == [2, 4])
    try registry.removeVersion(model: "m", number: 4)
    #expect(try registry.withdrawnVersions(of: "m") == [2])
    #expect(registryError { _ = try registry.withdrawnVersions(of: "x") }?.code == .notFound)
  }

  @Test(arguments: [RolloutState.running, .paused, .watching])
  func stableIsMovedByTheRolloutAlone(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.rollout(in: state)
    for version in [1, 2, 3, nil] as [UInt64?] {
      let (error, changedNothing) = try fixture.refusal {
        try fixture.registry.moveAlias(model: "m", alias: "stable", to: version, who: "ann", why: "")
      }
      #expect(error?.code == .conflict)
      #expect(error?.message.contains("moved by rollout \(rollout.id) (\(state.rawValue), of version 2) alone") == true)
      let hint = state == .watching ? "complete it or roll it back first" : "promote or abort it first"
      #expect(error?.message.contains(hint) == true)
      #expect(changedNothing)
    }
    try fixture.registry.moveAlias(model: "m", alias: "canary", to: 2, who: "ann", why: "")
    try fixture.change(rollout, to: .rollBack)
    try fixture.registry.moveAlias(model: "m", alias: "stable", to: 3, who: "ann", why: "")
    #expect(try fixture.stable() == 3)
  }

  @Test(arguments: [RolloutState.running, .paused, .watching])
  func theVersionsOfAnActiveRolloutAreNotRemoved(state: RolloutState) throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.rollout(in: state)
    let free: (number: UInt64, role: String) = state == .watching ? (1, "baseline") : (2, "candidate")
    let (error, changedNothing) = try fixture.refusal {
      try fixture.registry.removeVersion(model: "m", number: free.number)
    }
    #expect(error?.code == .conflict)
    let words = "m#\(free.number) is the \(free.role) of rollout \(rollout.id), which is \(state.rawValue)"
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    #expect(changedNothing)
    #expect(throws: DatabaseError.self, "the schema has the rule too") {
      try fixture.files.tamper("DELETE FROM versions WHERE number = \(free.number)")
    }
    if state == .watching {
      try fixture.change(rollout, to: .complete)
    } else {
      try fixture.change(rollout, to: .abort)
    }
    try fixture.registry.removeVersion(model: "m", number: free.number)
    #expect(try fixture.registry.versions(of: "m").count == 3)
  }

  @Test func whatNothingPointsToIsKnownWithItsTime() throws {
    let fixture = try RolloutFixture()
    let (registry, clock) = (fixture.registry, fixture.clock)
    let start = clock.now
    func seconds() throws -> [UInt64: Int64] {
      try #require(try registry.standing()["m"]).lastPointedAt.mapValues { ($0 - start) / 1_000_000 }
    }
    func at(_ second: Int64, _ body: () throws -> Void) throws {
      clock.advance(seconds: second - (clock.now - start) / 1_000_000)
      try body()
    }
    func move(_ alias: String, to version: UInt64?) throws {
      try registry.moveAlias(model: "m", alias: alias, to: version, who: "ann", why: "")
    }
    #expect(try seconds() == [:], "1 is stable, nothing ever pointed to the others")
    try at(1) { try move("stable", to: 4) }
    #expect(try seconds() == [1: 1])
    try at(2) { try move("canary", to: 1) }
    #expect(try seconds() == [:])
    try at(3) { try move("canary", to: nil) }
    #expect(try seconds() == [1: 3])

    var rollout = try fixture.start(2)
    try at(4) { rollout = try fixture.change(rollout, to: .abort) }
    #expect(try seconds() == [1: 3, 2: 4], "4, the baseline, is stable")
    try at(5) { rollout = try fixture.start(3) }
    try at(6) { try fixture.change(rollout, to: .promote) }
    #expect(try seconds() == [1: 3, 2: 4], "4 is the baseline of a rollout that is watched")
    try at(7) { try fixture.change(rollout, to: .complete) }
    #expect(try seconds() == [1: 3, 2: 4, 4: 7])
    try registry.removeVersion(model: "m", number: 1)
    #expect(try seconds() == [2: 4, 4: 7])
  }
}
