import Foundation
import Registry
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Several processes have one registry open: operators' commands beside a service.
@Suite struct SharingTests {
  @Test func twoConnectionsThatWriteAtOnceLoseNothing() async throws {
    let fixture = try RegistryFixture()
    let path = fixture.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<2 {
        group.addTask { try Self.publishMany(path: path, writer: writer, count: 10) }
      }
      try await group.waitForAll()
    }
    try Self.requireEverything(fixture, writers: 2, count: 10)
  }

  @Test func twoProcessesThatWriteAtOnceLoseNothing() async throws {
    let fixture = try RegistryFixture()
    let path = fixture.path
    async let first: Void = Self.process(path: path, writer: 0)
    async let second: Void = Self.process(path: path, writer: 1)
    _ = try await (first, second)
    try Self.requireEverything(fixture, writers: 2, count: 10)
  }

  @Test func aProcessKilledWhileStagingLeavesNothing() async throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    let before = try fixture.picture()
    let path = fixture.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let registry = try ModelRegistry.open(path: path, mode: .existing)
      let bytes = artefact(2 * ModelRegistry.chunkBytes)
      let stage = try registry.begin(model: "m", bytes: bytes.count, sha256: ContentHash(of: bytes))
      try stage.append(offset: 0, bytes[..<(ModelRegistry.chunkBytes + 1)])
      kill(getpid(), SIGKILL)
    }
    #expect(try fixture.sql(Int.self, "SELECT count(*) FROM artefacts WHERE promoted = 0") == 1)
    _ = try fixture.another()
    #expect(try fixture.picture() == before)
  }

  @Test func whatWasAcknowledgedBeforeAKillIsThere() async throws {
    let fixture = try RegistryFixture()
    let path = fixture.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let registry = try ModelRegistry.open(path: path, mode: .existing)
      _ = try registry.publish(.sample(), artefact: artefact(5000), who: "ann")
      kill(getpid(), SIGKILL)
    }
    let version = try fixture.registry.resolve(model: "m")
    #expect(try fixture.registry.artefact(of: version) == artefact(5000))
    #expect(try fixture.registry.integrityProblems() == [])
  }

  @Test func manyThatCreateTheSameRegistryAtOnceFindOne() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("r.sqlite")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          let registry = try ModelRegistry.open(path: path, mode: .create)
          _ = try registry.publish(.sample("m\(writer)"), artefact: artefact(10, salt: UInt8(writer)), who: "ann")
        }
      }
      try await group.waitForAll()
    }
    let registry = try ModelRegistry.open(path: path, mode: .readOnly)
    #expect(try registry.models().map(\.name) == ["m0", "m1", "m2", "m3"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.contains("creating") } == [])
  }

  // MARK: Writers

  private static func process(path: String, writer: Int) async throws {
    await #expect(processExitsWith: .success) { [path = path as String, writer = writer as Int] in
      try SharingTests.publishMany(path: path, writer: writer, count: 10)
    }
  }

  /// Publishes to a model that all writers share, and moves an alias of it each time.
  private static func publishMany(path: String, writer: Int, count: Int) throws {
    let registry = try ModelRegistry.open(path: path, mode: .existing)
    for index in 0..<count {
      let bytes = artefact(200, salt: UInt8(100 * writer + index))
      let version = try registry.publish(.sample("shared"), artefact: bytes, who: "writer \(writer)")
      try registry.moveAlias(
        model: "shared", alias: "w\(writer)", to: version.number, who: "writer \(writer)", why: "\(index)")
    }
  }

  private static func requireEverything(_ fixture: RegistryFixture, writers: Int, count: Int) throws {
    let versions = try fixture.registry.versions(of: "shared")
    #expect(versions.map(\.number) == (1...UInt64(writers * count)).map { $0 })
    for writer in 0..<writers {
      let own = versions.filter { $0.who == "writer \(writer)" }
      #expect(
        try own.map { try fixture.registry.artefact(of: $0) }
          == (0..<count).map { index in
            artefact(200, salt: UInt8(100 * writer + index))
          })
      let moves = try fixture.registry.history(of: "shared").filter { $0.alias == "w\(writer)" }
      #expect(moves.map(\.why) == (0..<count).map { "\($0)" })
      #expect(moves.map(\.to) == own.map(\.number))
      #expect(moves.map(\.from) == [nil] + own.dropLast().map(\.number))
    }
  }
}
