import Foundation
import GRDB
import TestSupport
import Testing

@testable import Registry

@Suite struct OpeningTests {
  enum Impostor: String, CaseIterable {
    case text, empty, folder, otherDatabase, otherProgram

    func make(at path: String) throws {
      switch self {
      case .text:
        let text = String(repeating: "this is a text, not a registry; ", count: 10)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      case .empty: try Data().write(to: URL(fileURLWithPath: path))
      case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      case .otherDatabase, .otherProgram:
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
          if self == .otherProgram { try db.execute(sql: "PRAGMA application_id = 42") }
          try db.execute(sql: "CREATE TABLE models (name TEXT)")
        }
        try queue.close()
      }
    }

    var expected: String {
      switch self {
      case .text: "not an SQLite database"
      case .empty: "an empty file"
      case .folder: "a directory"
      case .otherDatabase: "an SQLite database of another kind"
      case .otherProgram: "an SQLite database of another program (application id 42)"
      }
    }
  }

  @Test(arguments: Impostor.allCases, [ModelRegistry.Mode.create, .existing, .readOnly])
  func aFileThatIsNoRegistryIsRefusedAndNotChanged(impostor: Impostor, mode: ModelRegistry.Mode) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("r.sqlite")
    try impostor.make(at: path)
    let before = try? Data(contentsOf: URL(fileURLWithPath: path))
    let error = registryError { _ = try ModelRegistry.open(path: path, mode: mode) }
    #expect(error?.code == .notARegistry)
    #expect(error?.message.contains(impostor.expected) == true, "\(error?.message ?? "opened")")
    #expect((try? Data(contentsOf: URL(fileURLWithPath: path))) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["r.sqlite"])
  }

  @Test(arguments: [ModelRegistry.Mode.existing, .readOnly])
  func nothingIsCreatedWhereSomethingWasExpected(mode: ModelRegistry.Mode) throws {
    let folder = try TemporaryFolder()
    let error = registryError { _ = try ModelRegistry.open(path: folder.path("r.sqlite"), mode: mode) }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("no such file") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func aRegistryInAFolderThatIsNotThereIsRefused() throws {
    let folder = try TemporaryFolder()
    let error = registryError { _ = try ModelRegistry.open(path: folder.path("no/r.sqlite"), mode: .create) }
    #expect(error?.code == .inputOutput)
    #expect(error?.message.contains("no such folder") == true, "\(error?.message ?? "opened")")
  }

  @Test func creatingLeavesOneFileAndOpensWhatIsThere() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    let again = try fixture.another(.create)
    #expect(try again.versions(of: "m").count == 1)
    let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.url.path)
    #expect(files.filter { !$0.hasPrefix("r.sqlite") || $0.contains("creating") } == [])
  }

  @Test(arguments: [ModelRegistry.Mode.create, .existing, .readOnly])
  func aRegistryOfANewerProgramIsRefusedAndNotChanged(mode: ModelRegistry.Mode) throws {
    let fixture = try RegistryFixture()
    try fixture.tamper("INSERT INTO grdb_migrations VALUES ('9 quantum aliases')")
    let before = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
    let error = registryError { _ = try fixture.another(mode) }
    #expect(error?.code == .newer)
    #expect(error?.message.contains("9 quantum aliases") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == before)
  }

  @Test func aReadOnlyRegistryTakesNothing() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    let registry = try fixture.another(.readOnly)
    #expect(registryError { _ = try registry.publish(.sample(), artefact: [1], who: "ann") }?.code == .readOnly)
    #expect(
      registryError { try registry.moveAlias(model: "m", alias: "a", to: 1, who: "ann", why: "") }?.code == .readOnly)
  }

  @Test func transactionsAreDurableBeforeTheyAreAcknowledged() throws {
    let registry = try RegistryFixture().registry
    let (journal, synchronous, version) = try registry.queue.inDatabase { db in
      (
        try String.fetchOne(db, sql: "PRAGMA journal_mode")!, try Int.fetchOne(db, sql: "PRAGMA synchronous")!,
        try String.fetchOne(db, sql: "SELECT sqlite_version()")!
      )
    }
    let fixed = Durability.allowsWriteAheadLog(sqliteVersion: Durability.versionNumber(version))
    #expect(journal == (fixed ? "wal" : "delete"))
    #expect(synchronous == (fixed ? 2 : 3), "2 is FULL, 3 is EXTRA")
  }

  @Test(arguments: [
    ("3.40.1", false), ("3.44.5", false), ("3.44.6", true), ("3.45.0", false), ("3.50.6", false), ("3.50.7", true),
    ("3.51.0", false), ("3.51.2", false), ("3.51.3", true), ("3.52.0", true), ("nonsense", false),
  ])
  func onlyAFixedSQLiteGetsAWriteAheadLog(version: String, allowed: Bool) {
    #expect(Durability.allowsWriteAheadLog(sqliteVersion: Durability.versionNumber(version)) == allowed)
  }

  @Test func pathsThatLookLikeSQLitesOwnAreFiles() throws {
    #expect(RegistryFile.absolute(":memory:").hasPrefix("/"))
    #expect(RegistryFile.absolute("file:x?mode=memory").hasPrefix("/"))
    #expect(RegistryFile.absolute("/a/b") == "/a/b")
  }
}
