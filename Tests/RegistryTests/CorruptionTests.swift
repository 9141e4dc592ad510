import Foundation
import GRDB
import Registry
import TestSupport
import Testing

@Suite struct CorruptionTests {
  private let bytes = artefact(ModelRegistry.chunkBytes + 500)

  enum Damage: String, CaseIterable {
    case changedByte = "UPDATE artefact_chunks SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE position = 1"
    case lostChunk = "DELETE FROM artefact_chunks WHERE position = 1"
    case shortChunk = "UPDATE artefact_chunks SET data = substr(data, 1, 100) WHERE position = 1"
    case swappedChunks = "UPDATE artefact_chunks SET position = 5 WHERE position = 0"
  }

  @Test(arguments: Damage.allCases)
  func aCorruptedArtefactIsRefusedAndNamed(damage: Damage) throws {
    let fixture = try RegistryFixture()
    let healthy = try fixture.registry.publish(.sample("other"), artefact: artefact(30, salt: 9), who: "ann")
    let version = try fixture.registry.publish(.sample("cartpole"), artefact: bytes, who: "ann")
    try fixture.tamper(damage.rawValue + " AND artefact = (SELECT max(id) FROM artefacts)")
    let error = registryError { _ = try fixture.registry.artefact(of: version) }
    #expect(error?.code == .corrupted)
    #expect(error?.message.contains("cartpole#1") == true)
    #expect(error?.message.contains(version.sha256.hex) == true)
    #expect(try fixture.registry.artefact(of: healthy).count == 30)
  }

  @Test(arguments: Damage.allCases)
  func publishingTheSameBytesMendsACorruptedArtefact(damage: Damage) throws {
    let fixture = try RegistryFixture()
    let first = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    try fixture.tamper(damage.rawValue)
    let second = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    #expect(try fixture.registry.artefact(of: second) == bytes, "an acknowledged version can be read")
    #expect(try fixture.registry.artefact(of: first) == bytes)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts") == 1)
  }

  @Test func aDamagedPageIsFound() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    #expect(try fixture.registry.integrityProblems() == [])
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.path))
    let pages = Int(try handle.seekToEnd()) / 4096
    // Every page but the schema's first few, so that whichever holds an index or a table's root is among them.
    for page in 12..<pages {
      try handle.seek(toOffset: UInt64(page * 4096))
      try handle.write(contentsOf: Data(repeating: 0xA5, count: 64))
    }
    try handle.close()
    var problems: [String] = []
    let error = registryError { problems = try fixture.another(.readOnly).integrityProblems() }
    #expect(error?.code == .corrupted || !problems.isEmpty, "too damaged to open, or every problem named")
  }

  @Test("Whatever bit is changed of the index by which versions are found: it leads to no other version")
  func aDamagedIndexIsNoticed() throws {
    let fixture = try RegistryFixture()
    let published = try (1...4 as ClosedRange<UInt8>).map { salt in
      try fixture.registry.publish(.sample(), artefact: artefact(100, salt: salt), who: "ann")
    }
    let page = try #require(
      try fixture.sql(Int.self, "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_versions_1'"))
    let content = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
    let damaged = fixture.folder.path("damaged.sqlite")
    var refused = 0
    for place in (page - 1) * 4096..<page * 4096 where content[place] != 0 {
      for bit in 0..<8 {
        var copy = content
        copy[place] ^= 1 << UInt8(bit)
        try copy.write(to: URL(fileURLWithPath: damaged))
        let registry = try ModelRegistry.open(path: damaged, mode: .readOnly)
        for version in published {
          do {
            let isSame = try registry.resolve(model: "m", .version(version.number)) == version
            #expect(isSame, "#\(version.number): byte \(place), bit \(bit)")
          } catch let error as RegistryError {
            #expect(error.message.contains("m#\(version.number)") || error.code == .notFound)
            refused += 1
          }
        }
      }
    }
    #expect(refused > 100)
  }

  @Test func anOrphanIsFound() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    try fixture.tamper("DELETE FROM models")
    #expect(try fixture.registry.integrityProblems().contains { $0.contains("'versions'") && $0.contains("'models'") })
  }
}
