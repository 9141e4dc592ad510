import GRDB
import Registry
import TestSupport
import Testing

@Suite struct AliasTests {
  /// Model `m` with versions 1 to 3.
  private func filled() throws -> RegistryFixture {
    let fixture = try RegistryFixture()
    for salt in 1...3 as ClosedRange<UInt8> {
      _ = try fixture.registry.publish(.sample(), artefact: artefact(100, salt: salt), who: "ann")
    }
    return fixture
  }

  @Test func anAliasMovesAndItsHistoryTellsEverything() throws {
    let fixture = try filled()
    let registry = fixture.registry
    let created = try registry.moveAlias(model: "m", alias: "canary", to: 2, who: "bob", why: "try it")
    #expect(created.from == nil && created.to == 2)
    let moved = try registry.moveAlias(model: "m", alias: "canary", to: 3, who: "cleo", why: "better")
    #expect(moved.from == 2 && moved.to == 3)
    let removed = try registry.moveAlias(model: "m", alias: "canary", to: nil, who: "dan", why: "done")
    #expect(removed.from == 3 && removed.to == nil)
    try registry.moveAlias(model: "m", alias: "stable", to: 3, who: "bob", why: "promote")

    #expect(try registry.resolve(model: "m").number == 3)
    #expect(try registry.aliases(of: "m").map { "\($0.alias)=\($0.version)" } == ["stable=3"])
    let lines = try fixture.another(.readOnly).history(of: "m").map { change in
      "\(change.alias) \(change.from ?? 0)->\(change.to ?? 0) \(change.who): \(change.why) \(change.whenMicroseconds)"
    }
    #expect(
      lines == [
        "stable 0->1 ann: first version 1700000000000000", "canary 0->2 bob: try it 1700000000000000",
        "canary 2->3 cleo: better 1700000000000000", "canary 3->0 dan: done 1700000000000000",
        "stable 1->3 bob: promote 1700000000000000",
      ])
  }

  @Test func refusedMovesChangeNothing() throws {
    let fixture = try filled()
    let before = try fixture.picture()
    let cases: [(model: String, alias: String, to: UInt64?, code: RegistryError.Code, message: String)] = [
      ("m", "stable", 4, .notFound, "cannot move to version 4: model 'm' has #1, #2, #3"),
      ("m", "stable", .max, .notFound, "cannot move to version 18446744073709551615"),
      ("x", "stable", 1, .notFound, "there is no model 'x'; there is m"),
      ("m", "canary", nil, .notFound, "no alias 'canary' to remove"),
      ("m", "a b", 1, .invalid, "alias name 'a b' is not allowed"),
    ]
    for (model, alias, to, code, message) in cases {
      let error = registryError {
        try fixture.registry.moveAlias(model: model, alias: alias, to: to, who: "bob", why: "")
      }
      #expect(error?.code == code)
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }
    #expect(try fixture.picture() == before)
  }

  @Test func aRequestIDMovesOnce() throws {
    let fixture = try filled()
    let registry = fixture.registry
    let first = try registry.moveAlias(model: "m", alias: "stable", to: 2, who: "bob", why: "go", requestID: "q")
    try registry.moveAlias(model: "m", alias: "stable", to: 3, who: "bob", why: "further")
    let again = try registry.moveAlias(model: "m", alias: "stable", to: 2, who: "bob", why: "go", requestID: "q")
    #expect(again == first)
    #expect(try registry.resolve(model: "m").number == 3, "the repeated request moved nothing")
    #expect(try registry.history(of: "m").count == 3)

    let other = registryError {
      try registry.moveAlias(model: "m", alias: "stable", to: 1, who: "bob", why: "go", requestID: "q")
    }
    #expect(other?.code == .conflict)
    #expect(
      registryError { _ = try registry.publish(.sample(requestID: "q"), artefact: [1], who: "bob") }?.code == .conflict,
      "an id serves one request of any kind")
    #expect(try registry.published(requestID: "q") == nil)

    let gone = try registry.moveAlias(model: "m", alias: "stable", to: nil, who: "bob", why: "", requestID: "r")
    let goneAgain = try registry.moveAlias(model: "m", alias: "stable", to: nil, who: "bob", why: "", requestID: "r")
    #expect(gone == (3, nil) && goneAgain == (3, nil))
  }

  @Test(arguments: [
    "UPDATE alias_changes SET who = 'eve'", "DELETE FROM alias_changes",
    "INSERT OR REPLACE INTO alias_changes (id, model, alias, who, when_us, why) VALUES (1, 1, 'stable', 'eve', 0, '')",
  ])
  func historyIsAppendOnly(statement: String) throws {
    let fixture = try filled()
    let before = try fixture.registry.history(of: "m")
    #expect(throws: DatabaseError.self) { try fixture.tamper(statement) }
    #expect(try fixture.registry.history(of: "m") == before)
  }

  @Test func anotherProcessSeesAChange() throws {
    let fixture = try filled()
    let looking = try fixture.another(.readOnly)
    let before = try looking.foreignChanges()
    #expect(try looking.foreignChanges() == before)
    try fixture.registry.moveAlias(model: "m", alias: "stable", to: 2, who: "bob", why: "")
    #expect(try looking.foreignChanges() != before)
    #expect(try looking.resolve(model: "m").number == 2)
  }
}
