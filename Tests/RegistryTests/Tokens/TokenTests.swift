import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Registry

@Suite struct TokenTests {
  /// A second later whenever it is asked.
  private static func ticking() -> @Sendable () -> Int64 {
    let ticks = Atomic<Int64>(0)
    return { 1_700_000_000_000_000 + ticks.add(1_000_000, ordering: .relaxed).newValue }
  }

  @Test func whatWasMadeIsListedInItsOrder() throws {
    let fixture = try RegistryFixture(clock: Self.ticking())
    let first = try fixture.registry.createToken(name: "walker", scopes: [.query], rowsPerSecond: 5000, by: "ann")
    let second = try fixture.registry.createToken(name: "ci", scopes: [.operate, .publish], by: "ben")
    let listed = try fixture.another().tokens()
    #expect(listed == [first.record, second.record])
    #expect(listed.map(\.name) == ["walker", "ci"])
    #expect(listed.map(\.scopes) == [[.query], [.publish, .operate]])
    #expect(listed.map(\.rowsPerSecond) == [5000, nil])
    #expect(listed.map(\.createdBy) == ["ann", "ben"])
    #expect(listed.allSatisfy { !$0.isRevoked && $0.createdMicroseconds > 1_700_000_000_000_000 })
    #expect(first.record.id != second.record.id)
    #expect(first.token.wholeMatch(of: /docent_[a-z2-7]{8}_[a-z2-7]{52}/) != nil)
    #expect(first.token.contains("_\(first.record.id)_"))
    #expect(first.token.suffix(52) != second.token.suffix(52))
  }

  @Test func aNameIsTakenUntilItsTokenIsRevoked() throws {
    let fixture = try RegistryFixture(clock: Self.ticking())
    let first = try fixture.registry.createToken(name: "robot", scopes: [.query], by: "ann")
    let error = registryError { _ = try fixture.another().createToken(name: "robot", scopes: [.publish], by: "ben") }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("'robot' (id \(first.record.id))") == true, "\(error?.message ?? "made")")
    let asID = registryError {
      _ = try fixture.registry.createToken(name: first.record.id, scopes: [.query], by: "ann")
    }
    #expect(asID?.code == .conflict, "an id that is a name too would name two tokens")
    try fixture.registry.revokeToken("robot", by: "ann")
    let second = try fixture.registry.createToken(name: "robot", scopes: [.publish], by: "ben")
    #expect(try fixture.registry.tokens().map(\.isRevoked) == [true, false])
    #expect(try fixture.registry.tokens().map(\.id) == [first.record.id, second.record.id])
  }

  @Test func revokingNamesTheValidTokenAndIsDoneOnce() throws {
    let fixture = try RegistryFixture(clock: Self.ticking())
    let registry = fixture.registry
    let old = try registry.createToken(name: "robot", scopes: [.query], by: "ann").record
    let revoked = try registry.revokeToken(old.id, by: "ben")
    #expect(!revoked.wasRevoked && revoked.record.id == old.id)
    #expect(revoked.record.isRevoked && revoked.record.revokedBy == "ben")
    let again = try registry.revokeToken("robot", by: "cleo")
    #expect(again.wasRevoked && again.record == revoked.record, "the first revocation is the one that is kept")
    let new = try registry.createToken(name: "robot", scopes: [.query], by: "ann").record
    #expect(try registry.revokeToken("robot", by: "cleo").record.id == new.id)
    #expect(try registry.tokens().map(\.revokedBy) == ["ben", "cleo"])
    #expect(try registry.revokeToken("robot", by: "cleo") == (try registry.tokens()[1], true), "the one revoked last")
  }

  @Test func anUnknownTokenIsNotFoundAndTheKnownOnesAreNamed() throws {
    let fixture = try RegistryFixture()
    let none = registryError { try fixture.registry.revokeToken("robot", by: "ann") }
    #expect(none?.code == .notFound)
    #expect(none?.message.contains("there is no token 'robot'; there is none that is valid") == true)
    _ = try fixture.registry.createToken(name: "walker", scopes: [.query], by: "ann")
    _ = try fixture.registry.createToken(name: "ci", scopes: [.query], by: "ann")
    let unknown = registryError { try fixture.registry.revokeToken("robot", by: "ann") }
    #expect(unknown?.message.hasSuffix("there is no token 'robot'; there is ci, walker") == true)
  }

  @Test(arguments: ["", "-x", "a b", "docent_x", "x_Docent_y", String(repeating: "a", count: 41)])
  func aNameThatIsNoneIsRefused(name: String) throws {
    let fixture = try RegistryFixture()
    let error = registryError { _ = try fixture.registry.createToken(name: name, scopes: [.query], by: "ann") }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("1 to 40") == true)
    #expect(try fixture.registry.tokens() == [])
  }

  @Test func aTokenWithoutScopesOrRowsIsRefused() throws {
    let fixture = try RegistryFixture()
    let scopes = registryError { _ = try fixture.registry.createToken(name: "robot", scopes: [], by: "ann") }
    #expect(scopes?.code == .invalid)
    #expect(scopes?.message.contains("query, publish, operate") == true)
    for rows in [0, -1] {
      let error = registryError {
        _ = try fixture.registry.createToken(name: "robot", scopes: [.query], rowsPerSecond: rows, by: "ann")
      }
      #expect(error?.code == .invalid)
      #expect(error?.message.contains("\(rows) rows a second") == true)
    }
    #expect(try fixture.registry.tokens() == [])
  }

  @Test(arguments: [
    "UPDATE tokens SET operate = 1", "UPDATE tokens SET name = 'other'",
    "UPDATE tokens SET secret_sha256 = zeroblob(32)",
    "UPDATE tokens SET rows_per_second = 9", "UPDATE tokens SET revoked_us = NULL, revoked_by = NULL WHERE number = 2",
    "UPDATE tokens SET revoked_us = 7 WHERE number = 2", "UPDATE tokens SET revoked_us = 7 WHERE number = 1",
    "DELETE FROM tokens",
    "INSERT OR REPLACE INTO tokens SELECT * FROM tokens",
    """
    INSERT OR REPLACE INTO tokens (id, name, query, publish, operate, secret_sha256, created_us, created_by)
    VALUES ('aaaaaaaa', 'valid', 1, 1, 1, zeroblob(32), 1, 'eve')
    """,
    """
    INSERT INTO tokens (id, name, query, publish, operate, secret_sha256, created_us, created_by)
    VALUES ('aaaaaaaa', 'nothing', 0, 0, 0, zeroblob(32), 1, 'eve')
    """,
  ])
  func theFileItselfKeepsTokensAsTheyWereMade(statement: String) throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.createToken(name: "valid", scopes: [.query], by: "ann")
    _ = try fixture.registry.createToken(name: "gone", scopes: [.query], by: "ann")
    try fixture.registry.revokeToken("gone", by: "ann")
    let before = try fixture.registry.tokens()
    #expect(throws: DatabaseError.self) { try fixture.tamper(statement) }
    #expect(try fixture.registry.tokens() == before)
  }

  @Test func aRevocationByAnotherProcessIsSeen() async throws {
    let fixture = try RegistryFixture()
    let made = try fixture.registry.createToken(name: "robot", scopes: [.query], by: "ann")
    let (changes, path) = (try fixture.registry.foreignChanges(), fixture.path)
    #expect(TokenTable(try fixture.registry.tokens()).find(made.token) == made.record)
    await #expect(processExitsWith: .success) { [path = path as String] in
      try ModelRegistry.open(path: path, mode: .existing).revokeToken("robot", by: "ben")
    }
    #expect(try fixture.registry.foreignChanges() != changes)
    #expect(TokenTable(try fixture.registry.tokens()).find(made.token) == nil)
    #expect(try fixture.registry.tokens().map(\.revokedBy) == ["ben"])
  }
}
