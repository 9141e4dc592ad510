import Foundation
import GRDB
import ModelStore
import Registry
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Wire

/// A registry on a disk that fills up: a small tmpfs that only the service has mounted.
@Suite(.timeLimit(.minutes(1))) struct FullDiskTests {
  /// How a process gets mounts of its own: as root, or as root of a namespace of users; nil where neither is allowed.
  private static func unshare() async -> [String]? {
    for options in ["-m", "-rm"] {
      let command = "mount -t tmpfs -o size=1m docent /mnt"
      let tried = try? await Subprocess.run(
        .path("/usr/bin/unshare"), arguments: [options, "/bin/sh", "-c", command], output: .discarded, error: .discarded
      )
      if tried?.terminationStatus.isSuccess == true { return ["/usr/bin/unshare", options] }
    }
    return nil
  }

  @Test(
    "A publish that does not fit is refused and names the disk; queries go on; with room, the same publish is made",
    .enabled("needs to mount a file system, in a namespace of its own") { await FullDiskTests.unshare() != nil },
    arguments: [0, 1_500_000])
  func publish(bytesLeft: Int) async throws {
    let unshare = try #require(await Self.unshare())
    let folder = try TemporaryFolder()
    let (source, disk) = (folder.path("source.sqlite"), folder.path("disk"))
    let registry = "\(disk)/teacher.sqlite"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let store = try PolicyStore(path: source, mode: .create)
    for number in 1...2 { _ = try store.publish(NumberedPolicy(number).policy, model: "m", who: "test") }
    let script = """
      mount -t tmpfs -o size=8m docent '\(disk)' && cp '\(source)' '\(registry)' && exec "$0" "$@"
      """
    let ended = try await RunningTeacher.serve(
      registry: registry, wrapper: unshare + ["/bin/sh", "-c", script]
    ) { teacher in
      let seen = "/proc/\(teacher.processIdentifier)/root\(disk)"
      let client = try await TeacherClient.connect(
        to: teacher.address, configuration: ClientConfiguration(retries: RetryPolicy(attempts: 1)))
      let query = V1.InferRequest(model: "m", rows: 1, observations: [UInt8](repeating: 0, count: 16))
      let before = try await client.infer(query)

      try Self.fill("\(seen)/filler", leaving: bytesLeft)
      let next = try NumberedPolicy(3, hidden: [768, 768])
      let header = next.header(model: "m", requestID: "the same")
      for _ in 0..<2 {
        let refusal = await #expect(throws: WireStatus.self) {
          try await client.publish(header, artefact: next.artefact)
        }
        #expect(refusal?.code == .resourceExhausted)
        #expect(refusal?.message == "\(registry): the disk is full; nothing was changed")
        #expect(try await client.infer(query) == before)
        #expect(try await client.describe(model: "m").model?.versions.count == 2)
      }
      if bytesLeft == 0 {
        let move = V1.AliasRequest(model: "m", alias: "stable", version: 2)
        let refusal = await #expect(throws: WireStatus.self) { try await client.alias(move) }
        #expect(refusal?.code == .resourceExhausted)
        #expect(try await client.infer(query) == before)
      }

      try FileManager.default.removeItem(atPath: "\(seen)/filler")
      let reply = try await client.publish(header, artefact: next.artefact)
      #expect(reply.version == 3)
      #expect(try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 3)).from == 1)
      #expect(try await client.infer(query).version == 3)
      #expect(try await client.verify().allSatisfy(\.ok))
      await client.close()
      let copy = folder.path("copy.sqlite")
      try FileManager.default.copyItem(atPath: "\(seen)/teacher.sqlite", toPath: copy)
      let staged = try await DatabaseQueue(path: copy).read { db in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM artefacts WHERE promoted = 0")
      }
      #expect(staged == 0, "what was refused left nothing")
    }
    #expect(ended.code == 0, "\(ended.log)")
  }

  /// Fills the disk, but for some bytes.
  private static func fill(_ path: String, leaving bytes: Int) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0, "\(path): \(String(cString: strerror(errno)))")
    defer { close(descriptor) }
    let page = [UInt8](repeating: 1, count: 4096)
    var written = 0
    while true {
      let count = write(descriptor, page, page.count)
      guard count > 0 else { break }
      written += count
    }
    try #require(errno == ENOSPC && written > bytes)
    try #require(ftruncate(descriptor, written - bytes) == 0)
  }
}
