import Foundation
import GRDB
import Registry
import TestSupport
import Testing

@Suite struct BackupTests {
  @Test("A copy has every version, alias and line of history, and nothing that is only staged")
  func copies() throws {
    let fixture = try RegistryFixture()
    let bytes = artefact(ModelRegistry.chunkBytes + 500)
    let first = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    _ = try fixture.registry.publish(.sample(), artefact: artefact(40, salt: 1), who: "bob")
    try fixture.registry.moveAlias(model: "m", alias: "stable", to: 2, who: "bob", why: "better")
    let half = artefact(2 * ModelRegistry.chunkBytes, salt: 2)
    let stage = try fixture.registry.begin(model: "m", bytes: half.count, sha256: ContentHash(of: half))
    try stage.append(offset: 0, half[..<ModelRegistry.chunkBytes])

    let path = fixture.folder.path("copy.sqlite")
    let size = try fixture.registry.backup(to: path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == size)
    let copy = try ModelRegistry.open(path: path, mode: .readOnly)
    #expect(try copy.versions(of: "m") == fixture.registry.versions(of: "m"))
    #expect(try copy.history(of: "m") == fixture.registry.history(of: "m"))
    #expect(try copy.aliases(of: "m") == fixture.registry.aliases(of: "m"))
    #expect(try copy.artefact(of: first) == bytes)
    #expect(try copy.integrityProblems() == [])
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 1)
    let staged = try DatabaseQueue(path: path).read { db in
      try Int.fetchOne(
        db,
        sql: "SELECT (SELECT count(*) FROM artefacts WHERE promoted = 0) + (SELECT max(artefact) FROM artefact_chunks)")
    }
    #expect(staged == 2, "two artefacts, and their chunks")
    let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.url.path)
    #expect(files.filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
    stage.abort()
    let again = try ModelRegistry.open(path: path, mode: .existing)
    #expect(try again.publish(.sample(), artefact: artefact(50), who: "ann").number == 3)
  }

  @Test("What is there already is not touched, and a folder that is not there is named")
  func refusals() throws {
    let fixture = try RegistryFixture()
    let path = fixture.folder.path("taken")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
    let error = registryError { try fixture.registry.backup(to: path) }
    #expect(error?.code == .conflict && error?.message == "\(path) exists already; it was not changed")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("mine".utf8))
    #expect(registryError { try fixture.registry.backup(to: fixture.path) }?.code == .conflict, "the registry itself")
    let nowhere = registryError { try fixture.registry.backup(to: fixture.folder.path("no/copy")) }
    #expect(nowhere?.code == .inputOutput && nowhere?.message.contains("no/copy") == true)
  }

  @Test("A registry that is written all the time is copied, each copy as it was at one moment")
  func copiesWhileItIsWritten() async throws {
    let fixture = try RegistryFixture()
    // More than one step of pages.
    _ = try fixture.registry.publish(.sample(), artefact: artefact(12 << 20), who: "ann")
    let isOver = Signal()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let writer = try fixture.another()
        var turn: UInt8 = 0
        while !isOver.isRaised {
          turn &+= 1
          let version = try writer.publish(.sample(), artefact: artefact(1000, salt: turn), who: "bob")
          try writer.moveAlias(model: "m", alias: "stable", to: version.number, who: "bob", why: "")
        }
      }
      defer { isOver.raise() }
      for number in 0..<3 {
        let path = fixture.folder.path("copy-\(number).sqlite")
        try fixture.registry.backup(to: path)
        let copy = try ModelRegistry.open(path: path, mode: .readOnly)
        #expect(try copy.integrityProblems() == [])
        #expect(try copy.aliasProblems(of: "m") == [])
        for version in try copy.versions(of: "m") { try copy.checkArtefact(of: version) }
      }
    }
  }
}
