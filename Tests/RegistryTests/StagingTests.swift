import GRDB
import TestSupport
import Testing

@testable import Registry

@Suite struct StagingTests {
  static let bytes = artefact(2 * ModelRegistry.chunkBytes + 10)

  private func begin(_ registry: ModelRegistry) throws -> ArtefactStage {
    try registry.begin(model: "m", bytes: Self.bytes.count, sha256: ContentHash(of: Self.bytes))
  }

  /// A registry that has one version already, so that there is something to leave as it was.
  private func filled() throws -> RegistryFixture {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    return fixture
  }

  @Test(arguments: [1, 1000, 64 << 10, ModelRegistry.chunkBytes, 3 << 20])
  func piecesOfAnySizeMakeTheSameArtefact(size: Int) throws {
    // A piece of one byte is too slow for the whole artefact in a debug build: it takes the last kilobyte.
    let fixture = try RegistryFixture()
    let stage = try begin(fixture.registry)
    var offset = 0
    if size == 1 {
      offset = Self.bytes.count - 1000
      try stage.append(offset: 0, Self.bytes[..<offset])
    }
    while offset < Self.bytes.count {
      let end = min(offset + size, Self.bytes.count)
      try stage.append(offset: offset, Self.bytes[offset..<end])
      offset = end
    }
    #expect(stage.received == Self.bytes.count)
    let version = try stage.commit(.sample(), who: "ann")
    #expect(try fixture.registry.artefact(of: version) == Self.bytes)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefact_chunks") == 3)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 0)
  }

  @Test(arguments: [
    0, 1, ModelRegistry.chunkBytes - 1, ModelRegistry.chunkBytes, ModelRegistry.chunkBytes + 1,
    2 * ModelRegistry.chunkBytes, 2 * ModelRegistry.chunkBytes + 9,
  ])
  func aStageCutOffAtAnyByteLeavesTheRegistryAsItWas(count: Int) throws {
    let fixture = try filled()
    let before = try fixture.picture()

    let early = try begin(fixture.registry)
    try early.append(offset: 0, Self.bytes[..<count])
    let error = registryError { _ = try early.commit(.sample(), who: "ann") }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("ended after \(count) bytes, announced were \(Self.bytes.count)") == true)
    #expect(try fixture.picture() == before, "committed too early")

    let aborted = try begin(fixture.registry)
    try aborted.append(offset: 0, Self.bytes[..<count])
    aborted.abort()
    #expect(try fixture.picture() == before, "aborted")

    var dropped: ArtefactStage? = try begin(fixture.registry)
    try dropped?.append(offset: 0, Self.bytes[..<count])
    dropped = nil
    _ = try begin(fixture.registry)
    #expect(try fixture.picture() == before, "dropped, and cleaned up by the next stage")
  }

  @Test func whatIsStagedIsNotSeen() throws {
    let fixture = try filled()
    let stage = try begin(fixture.registry)
    try stage.append(offset: 0, Self.bytes[..<ModelRegistry.chunkBytes])
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 1)
    #expect(try fixture.registry.versions(of: "m").count == 1)
    #expect(try fixture.another(.readOnly).versions(of: "m").count == 1)
    stage.abort()
  }

  @Test func aWrongHashIsRefused() throws {
    let fixture = try filled()
    let before = try fixture.picture()
    var changed = Self.bytes
    changed[ModelRegistry.chunkBytes + 3] ^= 1
    let stage = try begin(fixture.registry)
    try stage.append(offset: 0, changed)
    let error = registryError { _ = try stage.commit(.sample(), who: "ann") }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains(ContentHash(of: Self.bytes).hex) == true)
    #expect(error?.message.contains(ContentHash(of: changed).hex) == true)
    #expect(try fixture.picture() == before)
  }

  @Test func lostRepeatedAndSurplusBytesAreRefused() throws {
    let fixture = try filled()
    let before = try fixture.picture()
    for (offset, count, expected) in [
      (5, 10, "given for offset 5, expected offset 10"), (20, 10, "given for offset 20, expected offset 10"),
      (10, Self.bytes.count, "has at least \(Self.bytes.count + 10) bytes, announced were \(Self.bytes.count)"),
    ] {
      let stage = try begin(fixture.registry)
      try stage.append(offset: 0, Self.bytes[..<10])
      let error = registryError { try stage.append(offset: offset, Self.bytes[..<count]) }
      #expect(error?.code == .invalid)
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "no error")")
      #expect(registryError { try stage.append(offset: 10, [1]) }?.code == .conflict, "the stage is over")
      #expect(registryError { _ = try stage.commit(.sample(), who: "ann") }?.code == .conflict)
    }
    #expect(try fixture.picture() == before)
  }

  @Test(arguments: [0, -1, ModelRegistry.artefactBytesMax + 1])
  func sizesThatMakeNoSenseAreRefused(bytes: Int) throws {
    let fixture = try RegistryFixture()
    let error = registryError {
      _ = try fixture.registry.begin(model: "m", bytes: bytes, sha256: ContentHash(of: []))
    }
    #expect(error?.code == .invalid)
  }

  @Test func aFullDiskRefusesAPublishAndNothingElse() throws {
    let fixture = try filled()
    let before = try fixture.picture()
    let limit = { (pages: Int) in
      try fixture.registry.queue.inDatabase { db in _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)") }
    }
    // SQLite answers as for a full disk when the file may not grow: within the first chunk, and within the second.
    for room in [100, 300] {
      let pages = try fixture.registry.queue.inDatabase { db in try Int.fetchOne(db, sql: "PRAGMA page_count")! }
      try limit(pages + room)
      let error = registryError { _ = try fixture.registry.publish(.sample(), artefact: Self.bytes, who: "ann") }
      #expect(error?.code == .diskFull)
      #expect(error?.message.contains("the disk is full") == true)
      #expect(try fixture.picture() == before)
    }
    try limit(1 << 30)
    #expect(try fixture.registry.publish(.sample(), artefact: Self.bytes, who: "ann").number == 2)
  }

  @Test func openingRemovesWhatACrashedProcessStaged() throws {
    let fixture = try filled()
    let before = try fixture.picture()
    let stage = try begin(fixture.registry)
    try stage.append(offset: 0, Self.bytes[..<ModelRegistry.chunkBytes])

    _ = try fixture.another()
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 1, "still being filled")

    // The same stage, as a process of an earlier boot would have left it.
    try fixture.tamper("UPDATE artefacts SET owner = 'earlier-boot pid:[1] 77 1234' WHERE promoted = 0")
    _ = try fixture.another(.readOnly)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 1, "only looked at")
    _ = try fixture.another()
    #expect(try fixture.picture() == before)
  }
}
