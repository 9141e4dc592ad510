import Foundation
import ModelStore
import Neural
import TestSupport
import Testing

@Suite struct NormalizerFileTests {
  private func read(_ json: String) throws -> Normalizer { try NormalizerFile.read(Array(json.utf8)) }

  @Test func everyFieldIsRead() throws {
    let normalizer = try read(#"{"mean": [0.5, -1], "variance": [1, 2.25], "epsilon": 0.25, "limit": 5}"#)
    #expect(normalizer == Normalizer(mean: [0.5, -1], variance: [1, 2.25], epsilon: 0.25, limit: 5))
    #expect(try read(#"{"mean": [0], "variance": [1], "clip_obs": 7}"#).limit == 7)
    #expect(
      try read(#"{"mean": [0], "variance": [1]}"#) == Normalizer(mean: [0], variance: [1], epsilon: 1e-8, limit: 10))
  }

  @Test(arguments: [
    ("[1]", "no JSON object"), ("{", "no JSON object"), (#"{"mean": [0]}"#, "'variance' is missing"),
    (#"{"variance": [0]}"#, "'mean' is missing"), (#"{"mean": 1, "variance": [1]}"#, "'mean' is missing or no list"),
    (#"{"mean": [], "variance": []}"#, "'mean' is missing or no list"),
    (#"{"mean": ["a"], "variance": [1]}"#, "'mean' has a"),
    (#"{"mean": [1e300], "variance": [1]}"#, "'mean' has 1e+300"),
    (#"{"mean": [0], "variance": [1], "epsilon": "x"}"#, "'epsilon' has x"),
    (#"{"mean": [0], "variance": [1], "clip": 1}"#, "unknown key 'clip'"),
    (#"{"mean": [0], "variance": [1], "limit": 1, "clip_obs": 1}"#, "both 'limit' and 'clip_obs'"),
  ])
  func othersAreRefused(json: String, expected: String) {
    let refusal = message { _ = try read(json) }
    #expect(refusal?.contains(expected) == true, "\(refusal ?? "read")")
  }
}

@Suite struct WholeAndExclusiveFileTests {
  @Test func aFileReadsBackWhole() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.bin")
    let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    try ExclusiveFile.write(content, to: path, replacing: false)
    #expect(try WholeFile.read(path) == content)
    let missing = message { _ = try WholeFile.read(path + ".no") }
    #expect(missing == path + ".no cannot be read: No such file or directory")
    #expect(message { _ = try WholeFile.read(folder.url.path) }?.contains("cannot be read: Is a directory") == true)
  }

  @Test func aFileIsWrittenWholeAndNothingElseIsLeft() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.bin")
    try ExclusiveFile.write([1, 2, 3], to: path, replacing: false)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
    #expect(message { try ExclusiveFile.write([4], to: path, replacing: false) }?.contains("exists already") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
    try ExclusiveFile.write([5], to: path, replacing: true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([5]))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["a.bin"])
  }

  @Test func aFolderThatIsNotThereIsNamed() throws {
    let folder = try TemporaryFolder()
    let refusal = message { try ExclusiveFile.write([1], to: folder.path("no/a.bin"), replacing: true) }
    #expect(refusal?.contains("no/a.bin cannot be written: No such file or directory") == true)
  }
}
