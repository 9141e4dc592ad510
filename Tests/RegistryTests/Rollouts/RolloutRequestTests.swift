import Testing

@testable import Registry

/// The same request again, such as after a connection was lost, is answered the same and does nothing.
@Suite struct RolloutRequestTests {
  @Test func aStartIsMadeOnce() throws {
    let fixture = try RolloutFixture()
    let first = try fixture.start(requestID: "q")
    try fixture.change(first, to: .abort)
    let before = try fixture.files.picture()
    #expect(try fixture.start(requestID: "q") == first, "what was answered then, though it has ended since")
    #expect(try fixture.files.picture() == before)
  }

  @Test func aChangeIsMadeOnceWhateverHappenedSince() throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.start()
    let first = try fixture.change(rollout, to: .pause, expecting: 1, requestID: "q")
    try fixture.change(rollout, to: .resume)
    let before = try fixture.files.picture()
    let again = try fixture.another().changeRollout(
      id: rollout.id, expecting: 1, to: .pause, who: "bob", why: "because", requestID: "q")
    #expect(again == first)
    #expect(try fixture.files.picture() == before)
  }

  @Test func aChangeIsMadeOnceAlsoWhereTheModelHasAnotherRolloutByNow() throws {
    let fixture = try RolloutFixture()
    let first = try fixture.change(fixture.start(), to: .abort, requestID: "q")
    let second = try fixture.start(3)
    let before = try fixture.files.picture()
    #expect(try fixture.change(second, to: .abort, requestID: "q") == first)
    #expect(try fixture.files.picture() == before)
  }

  @Test func aRollBackIsMadeOnce() throws {
    let fixture = try RolloutFixture()
    try fixture.change(fixture.start(), to: .promote)
    let first = try fixture.registry.rollBack(model: "m", who: "bob", why: "bad", requestID: "q")
    #expect(first.rollout?.state == .rolledBack)
    let before = try fixture.files.picture()
    #expect(try fixture.registry.rollBack(model: "m", who: "bob", why: "bad", requestID: "q") == first)
    #expect(try fixture.files.picture() == before)
  }

  @Test func anIDServesOneRequest() throws {
    let fixture = try RolloutFixture()
    let registry = fixture.registry
    let rollout = try fixture.start(requestID: "q")
    let others: [(String, () throws -> Void)] = [
      ("another candidate", { _ = try fixture.start(3, requestID: "q") }),
      (
        "another weight",
        {
          _ = try registry.startRollout(
            model: "m", plan: RolloutFixture.plan, candidate: 2, firstWeight: 2, who: "ann", why: "", requestID: "q")
        }
      ),
      (
        "another plan",
        {
          _ = try registry.startRollout(
            model: "m", plan: "", candidate: 2, firstWeight: 1, who: "ann", why: "", requestID: "q")
        }
      ),
      ("a change", { try fixture.change(rollout, to: .pause, requestID: "q") }),
      ("a roll back", { try registry.rollBack(model: "m", who: "ann", why: "", requestID: "q") }),
      ("an alias", { try registry.moveAlias(model: "m", alias: "a", to: 1, who: "ann", why: "", requestID: "q") }),
      ("a publish", { _ = try registry.publish(.sample(requestID: "q"), artefact: [1], who: "ann") }),
    ]
    for (what, request) in others {
      let (error, changedNothing) = try fixture.refusal(request)
      #expect(error?.code == .conflict, "\(what)")
      #expect(error?.message.contains("'q' was already used for 'rollout-start m 2 1.0 ") == true, "\(what)")
      #expect(changedNothing, "\(what)")
    }
    try fixture.change(rollout, to: .pause, requestID: "r")
    let (error, changedNothing) = try fixture.refusal { try fixture.change(rollout, to: .abort, requestID: "r") }
    #expect(error?.message.contains("'r' was already used for 'rollout-change m pause'") == true)
    #expect(changedNothing)
  }

  @Test func aRefusedRequestLeavesItsIDFree() throws {
    let fixture = try RolloutFixture()
    let rollout = try fixture.start()
    #expect(registryError { try fixture.change(rollout, to: .resume, requestID: "q") }?.code == .conflict)
    try fixture.change(rollout, to: .pause)
    #expect(try fixture.change(rollout, to: .resume, requestID: "q").state == .running)
    let (error, changedNothing) = try fixture.refusal {
      try fixture.change(rollout, to: .pause, requestID: String(repeating: "x", count: 257))
    }
    #expect(error?.code == .invalid && changedNothing)
  }
}
