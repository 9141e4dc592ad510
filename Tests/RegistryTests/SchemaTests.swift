import Foundation
import GRDB
import TestSupport
import Testing

@testable import Registry

/// Registries of older programs are opened, and what they hold is kept.
@Suite struct SchemaTests {
  /// A registry as the program wrote it when the dumped schema was its last.
  private static func old(_ dump: String) throws -> (folder: TemporaryFolder, path: String) {
    let folder = try TemporaryFolder()
    let path = folder.path("old.sqlite")
    let queue = try DatabaseQueue(path: path)
    let statements = try String(contentsOf: Repository.fixture("RegistryTests/Fixtures/\(dump)"), encoding: .utf8)
    try queue.writeWithoutTransaction { db in try db.execute(sql: statements) }
    try queue.close()
    return (folder, path)
  }

  @Test(arguments: [ModelRegistry.Mode.create, .existing])
  func aRegistryOfTheFirstSchemaKeepsWhatItHoldsAndTakesTokens(mode: ModelRegistry.Mode) throws {
    let (folder, path) = try Self.old("schema-1.sql")
    let registry = try ModelRegistry.open(path: path, mode: mode)
    #expect(try registry.versions(of: "m").map(\.number) == [1, 2])
    let version = try registry.resolve(model: "m", .alias("canary"))
    #expect(try registry.artefact(of: version) == artefact(100, salt: 1))
    #expect(try registry.history(of: "m").map(\.why) == ["first version", "looks better"])
    #expect(try registry.metrics(of: registry.runs()[0].id).map(\.value) == [20.5])
    #expect(try registry.tokens() == [])
    let made = try registry.createToken(name: "robot", scopes: [.query], by: "ann")
    #expect(try registry.tokens() == [made.record])
    #expect(try registry.publish(.sample(), artefact: artefact(100, salt: 2), who: "ann").number == 3)
    #expect(try registry.integrityProblems() == [])
    withExtendedLifetime(folder) {}
  }

  @Test func anOlderSchemaIsNotChangedToLookAtIt() throws {
    let (folder, path) = try Self.old("schema-1.sql")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let error = registryError { _ = try ModelRegistry.open(path: path, mode: .readOnly) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("older schema") == true, "\(error?.message ?? "opened")")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    withExtendedLifetime(folder) {}
  }
}
