import GRDB
import Registry
import TestSupport
import Testing

@Suite struct PublishingTests {
  @Test func aPublishedVersionReadsBackWhole() throws {
    let fixture = try RegistryFixture()
    let bytes = artefact(40_000)
    let teachers = [
      TeacherUse(model: "t", version: 3, sha256: ContentHash(of: [9]), queries: 20_000),
      TeacherUse(model: "t", version: 4, sha256: nil, queries: 5),
    ]
    let published = try fixture.registry.publish(.sample(teachers: teachers), artefact: bytes, who: "ann")

    let registry = try fixture.another(.readOnly)
    let version = try registry.resolve(model: "m", .version(1))
    #expect(version == published)
    #expect(version.number == 1)
    #expect(version.who == "ann")
    #expect(version.createdMicroseconds == 1_700_000_000_000_000)
    #expect(version.sha256 == ContentHash(of: bytes))
    #expect(version.artefactBytes == bytes.count)
    #expect(version.architectureJSON == #"{"environment":"CartPole-v1"}"#)
    #expect(version.fingerprint == ContentHash(of: [1, 2, 3]))
    #expect(version.lineage == NewVersion.sample(teachers: teachers).lineage)
    #expect(try registry.golden(of: version) == NewVersion.sample().golden)
    #expect(try registry.artefact(of: version) == bytes)
  }

  @Test func anArtefactOfManyChunksIsKeptInRowsOfOneMebibyte() throws {
    let fixture = try RegistryFixture()
    let bytes = artefact(2 * ModelRegistry.chunkBytes + 77)
    let version = try fixture.registry.publish(.sample(), artefact: bytes, who: "ann")
    #expect(try fixture.registry.artefact(of: version) == bytes)
    #expect(
      try fixture.sql(String.self, "SELECT group_concat(length(data)) FROM artefact_chunks") == "1048576,1048576,77")
  }

  @Test func theFirstVersionCreatesStableAndNoLaterOneMovesIt() throws {
    let fixture = try RegistryFixture()
    for salt in 1...3 as ClosedRange<UInt8> {
      _ = try fixture.registry.publish(.sample(), artefact: artefact(100, salt: salt), who: "ann")
    }
    #expect(try fixture.registry.resolve(model: "m").number == 1)
    #expect(try fixture.registry.versions(of: "m").map(\.number) == [1, 2, 3])
    let history = try fixture.registry.history(of: "m")
    #expect(history.count == 1)
    #expect(history.first?.alias == "stable")
    #expect(history.first?.from == nil)
    #expect(history.first?.to == 1)
  }

  @Test func theSameBytesAreStoredOnce() throws {
    let fixture = try RegistryFixture()
    let bytes = artefact(ModelRegistry.chunkBytes + 5)
    let first = try fixture.registry.publish(.sample("a"), artefact: bytes, who: "ann")
    let second = try fixture.registry.publish(.sample("b"), artefact: bytes, who: "ann")
    #expect(first.sha256 == second.sha256)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts") == 1)
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefact_chunks") == 2)
    #expect(try fixture.registry.artefact(of: second) == bytes)

    try fixture.registry.moveAlias(model: "a", alias: "stable", to: nil, who: "ann", why: "test")
    try fixture.registry.removeVersion(model: "a", number: 1)
    #expect(try fixture.registry.artefact(of: second) == bytes, "the other model still needs it")
  }

  @Test func aRequestIDPublishesOnce() throws {
    let fixture = try RegistryFixture()
    let bytes = artefact(100)
    let first = try fixture.registry.publish(.sample(requestID: "q1"), artefact: bytes, who: "ann")
    let again = try fixture.another().publish(.sample(requestID: "q1"), artefact: bytes, who: "ann")
    #expect(again == first)
    #expect(try fixture.registry.versions(of: "m").count == 1)
    #expect(try fixture.registry.published(requestID: "q1") == first)
    #expect(try fixture.registry.published(requestID: "q2") == nil)

    let other = registryError {
      _ = try fixture.registry.publish(.sample(requestID: "q1"), artefact: artefact(100, salt: 1), who: "ann")
    }
    #expect(other?.code == .conflict)
    #expect(other?.message.contains("'q1' was already used") == true)
    #expect(try fixture.registry.versions(of: "m").count == 1)
  }

  @Test func numbersAreNeverReused() throws {
    let fixture = try RegistryFixture()
    let registry = fixture.registry
    for salt in 1...3 as ClosedRange<UInt8> {
      _ = try registry.publish(.sample(), artefact: artefact(100, salt: salt), who: "ann")
    }
    try registry.removeVersion(model: "m", number: 3)
    try registry.removeVersion(model: "m", number: 2)
    let next = try registry.publish(.sample(), artefact: artefact(100, salt: 4), who: "ann")
    #expect(next.number == 4)
    #expect(try registry.versions(of: "m").map(\.number) == [1, 4])
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts") == 2, "the removed artefacts are gone")
    #expect(throws: DatabaseError.self) { try fixture.tamper("UPDATE models SET next_version = 1") }
  }

  @Test func aModelWhoseVersionsAreAllGoneGoesOnCounting() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    try fixture.registry.moveAlias(model: "m", alias: "stable", to: nil, who: "ann", why: "test")
    try fixture.registry.removeVersion(model: "m", number: 1)
    #expect(try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann").number == 2)
  }

  @Test func whatAnAliasPointsToIsNotRemoved() throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    let error = registryError { try fixture.registry.removeVersion(model: "m", number: 1) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("stable") == true)
    #expect(try fixture.registry.resolve(model: "m").number == 1)
  }

  @Test(arguments: [
    "UPDATE versions SET who = 'eve'", "UPDATE versions SET number = 7", "UPDATE teacher_uses SET queries = 0",
  ])
  func versionsAreImmutable(statement: String) throws {
    let fixture = try RegistryFixture()
    let teacher = TeacherUse(model: "t", version: 1, sha256: nil, queries: 9)
    let before = try fixture.registry.publish(.sample(teachers: [teacher]), artefact: artefact(100), who: "ann")
    #expect(throws: DatabaseError.self) { try fixture.tamper(statement) }
    #expect(try fixture.registry.resolve(model: "m") == before)
  }

  @Test func unknownNamesAreAnsweredWithWhatThereIs() throws {
    let fixture = try RegistryFixture()
    let registry = fixture.registry
    _ = try registry.publish(.sample("cartpole"), artefact: artefact(100), who: "ann")
    let cases: [(model: String, selector: VersionSelector, expected: String)] = [
      ("acrobot", .stable, "there is no model 'acrobot'; there is cartpole"),
      ("cartpole", .version(9), "no version #9; it has #1"),
      ("cartpole", .version(.max), "no version #18446744073709551615; it has #1"),
      ("cartpole", .version(0), "no version #0; it has #1"),
      ("cartpole", .alias("canary"), "no alias 'canary'; it has stable"),
    ]
    for (model, selector, expected) in cases {
      let error = registryError { _ = try registry.resolve(model: model, selector) }
      #expect(error?.code == .notFound)
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "no error")")
    }
  }

  @Test func namesFollowTheRule() throws {
    let fixture = try RegistryFixture()
    for name in ["a", "CartPole-v1", "0", "a.b_c-d", String(repeating: "x", count: 128)] {
      #expect(RegistryName.isValid(name))
    }
    for name in ["", "-a", ".a", "a b", "a/b", "a@b", "a#1", "a:1", "é", "a\n", String(repeating: "x", count: 129)] {
      #expect(!RegistryName.isValid(name))
      let error = registryError { _ = try fixture.registry.publish(.sample(name), artefact: [1], who: "ann") }
      #expect(error?.code == .invalid)
      #expect(error?.message.contains("expected 1 to 128") == true)
    }
    #expect(try fixture.registry.models().isEmpty)
  }

  @Test func goldenRowsMustBeWhole() throws {
    let fixture = try RegistryFixture()
    var version = NewVersion.sample()
    version.golden?.values.removeLast()
    #expect(registryError { _ = try fixture.registry.publish(version, artefact: [1], who: "ann") }?.code == .invalid)
    version.golden = nil
    let published = try fixture.registry.publish(version, artefact: [1], who: "ann")
    #expect(try fixture.registry.golden(of: published) == nil)
  }

  @Test func anArchitectureMustBeJSON() throws {
    let fixture = try RegistryFixture()
    var version = NewVersion.sample()
    version.architectureJSON = "{"
    let before = try fixture.picture()
    #expect(registryError { _ = try fixture.registry.publish(version, artefact: [1], who: "ann") }?.code == .conflict)
    #expect(try fixture.picture() == before)
  }
}
