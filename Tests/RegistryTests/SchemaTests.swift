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

  private static let dumps = [
    "schema-1.sql": "1 models, versions, artefacts, aliases, runs",
    "schema-2.sql": "2 tokens",
  ]

  @Test func everyEarlierSchemaHasAFixture() throws {
    #expect(Self.dumps.values.sorted() == Migrations.migrator.migrations.dropLast().sorted())
  }

  @Test(arguments: dumps.keys.sorted())
  func aFixtureHasTheSchemaThatItsMigrationsMake(dump: String) throws {
    let (folder, path) = try Self.old(dump)
    let made = try DatabaseQueue()
    try Migrations.migrator.migrate(made, upTo: try #require(Self.dumps[dump]))
    let (expected, found) = (try Self.schema(made), try Self.schema(DatabaseQueue(path: path)))
    #expect(expected.count > 20)
    #expect(found == expected)
    withExtendedLifetime(folder) {}
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
    try Self.requireRollouts(registry, baseline: 1, candidate: 2)
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [ModelRegistry.Mode.create, .existing])
  func aRegistryOfTheSecondSchemaKeepsWhatItHoldsAndTakesRollouts(mode: ModelRegistry.Mode) throws {
    let (folder, path) = try Self.old("schema-2.sql")
    let registry = try ModelRegistry.open(path: path, mode: mode)
    let versions = try registry.versions(of: "m")
    #expect(versions.map(\.number) == [1, 2, 3])
    for (salt, version) in zip(1...3 as ClosedRange<UInt8>, versions) {
      #expect(try registry.artefact(of: version) == artefact(100, salt: salt))
      #expect(try registry.golden(of: version) == NewVersion.sample().golden)
    }
    #expect(versions[1].lineage.teachers == [TeacherUse(model: "t", version: 3, sha256: nil, queries: 7)])
    #expect(try registry.aliases(of: "m").map { "\($0.alias)=\($0.version)" } == ["canary=3", "stable=2"])
    #expect(
      try registry.history(of: "m").map { "\($0.alias) \($0.from ?? 0)->\($0.to ?? 0) \($0.who): \($0.why)" } == [
        "stable 0->1 ann: first version", "canary 0->3 ben: looks better", "stable 1->2 ann: is better",
      ])
    #expect(try registry.tokens().map { "\($0.name) \($0.isRevoked)" } == ["walker false", "gone true"])
    #expect(try registry.metrics(of: registry.runs()[0].id).map(\.value) == [20.5])

    let again = try registry.moveAlias(
      model: "m", alias: "stable", to: 2, who: "ann", why: "is better", requestID: "request-4")
    #expect(again.from == 1 && again.to == 2, "a request that the older program answered is answered alike")
    #expect(try registry.published(requestID: "request-3")?.number == 3)
    try Self.requireRollouts(registry, baseline: 2, candidate: 3)
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

  /// A rollout can be started, promoted and rolled back, and the file is sound.
  private static func requireRollouts(_ registry: ModelRegistry, baseline: UInt64, candidate: UInt64) throws {
    #expect(try registry.rollouts() == [])
    #expect(try registry.withdrawnVersions(of: "m") == [])
    let started = try registry.startRollout(
      model: "m", plan: "steps: [5, 100]", candidate: candidate, firstWeight: 5, who: "ann", why: "try it",
      requestID: "rollout-1")
    #expect(started.baseline == baseline)
    try registry.changeRollout(id: started.id, to: .promote, who: "ann", why: "good")
    #expect(try registry.resolve(model: "m").number == candidate)
    try registry.changeRollout(id: started.id, to: .rollBack, who: "ann", why: "not so good")
    #expect(try registry.resolve(model: "m").number == baseline)
    #expect(try registry.withdrawnVersions(of: "m") == [candidate])
    #expect(try registry.integrityProblems() == [])
  }

  /// The statements of all tables, indexes and triggers, without spaces.
  private static func schema(_ queue: DatabaseQueue) throws -> [String] {
    try queue.read { db in
      try String.fetchAll(
        db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name")
    }.map { $0.filter { !$0.isWhitespace } }
  }
}
