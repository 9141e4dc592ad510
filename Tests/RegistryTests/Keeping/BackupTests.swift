import Foundation
import GRDB
import TestSupport
import Testing

@testable import Registry

@Suite struct BackupTests {
  private func files(_ fixture: RegistryFixture) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: fixture.folder.url.path).sorted()
  }

  @Test(arguments: [ModelRegistry.Mode.existing, .readOnly])
  func aBackupIsTheWholeRegistry(mode: ModelRegistry.Mode) throws {
    let fixture = try RolloutFixture()
    _ = try fixture.start()
    let big = artefact(2 * ModelRegistry.chunkBytes + 7, salt: 9)
    _ = try fixture.registry.publish(.sample("big"), artefact: big, who: "ann")
    let copy = fixture.files.folder.path("copy.sqlite")
    try fixture.files.another(mode).backup(to: copy)
    #expect(try files(fixture.files).filter { $0.contains("copy") } == ["copy.sqlite"])
    let before = try fixture.files.picture()
    let registry = try ModelRegistry.open(path: copy, mode: .existing)
    #expect(try RegistryFixture.picture(of: copy) == before)
    #expect(try registry.artefact(of: registry.resolve(model: "big")) == big)
    #expect(try registry.integrityProblems() == [])
    _ = try registry.publish(.sample("big"), artefact: [1], who: "ann")
    #expect(try fixture.files.picture() == before, "the copy is a registry of its own")
  }

  @Test func aBackupBesideAWriterIsOneMoment() async throws {
    let fixture = try RegistryFixture()
    let path = fixture.path
    async let written: Void = Self.publish(path: path, count: 20)
    for index in 0..<5 { try fixture.registry.backup(to: fixture.folder.path("copy\(index).sqlite")) }
    try await written
    for index in 0..<5 {
      let copy = try ModelRegistry.open(path: fixture.folder.path("copy\(index).sqlite"), mode: .existing)
      #expect(try copy.integrityProblems() == [])
      guard let model = try copy.models().first else { continue }
      #expect(model.versions == (1...UInt64(model.versions.count)).map { $0 })
      for version in try copy.versions(of: model.name) { try copy.checkArtefact(of: version) }
    }
    #expect(try fixture.registry.versions(of: "m").count == 20)
  }

  private static func publish(path: String, count: Int) async throws {
    let registry = try ModelRegistry.open(path: path, mode: .existing)
    for index in 0..<count {
      _ = try registry.publish(.sample(), artefact: artefact(50_000, salt: UInt8(index)), who: "ann")
    }
  }

  @Test(arguments: ["file", "folder", "link", "registry"])
  func whatIsThereIsNotReplaced(kind: String) throws {
    let fixture = try RegistryFixture()
    _ = try fixture.registry.publish(.sample(), artefact: artefact(100), who: "ann")
    let path = kind == "registry" ? fixture.path : fixture.folder.path("there")
    switch kind {
    case "file": try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "link": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
    default: break
    }
    let (before, content) = (try files(fixture), FileManager.default.contents(atPath: path))
    let error = registryError { try fixture.registry.backup(to: path) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("\(path): there is something here already") == true, "\(error?.message ?? "none")")
    #expect(try files(fixture) == before)
    #expect(FileManager.default.contents(atPath: path) == content)
  }

  @Test func aFolderThatIsNotThereIsRefused() throws {
    let fixture = try RegistryFixture()
    let error = registryError { try fixture.registry.backup(to: fixture.folder.path("no/copy.sqlite")) }
    #expect(error?.code == .inputOutput)
    #expect(error?.message.contains("no such folder") == true, "\(error?.message ?? "none")")
  }
}
