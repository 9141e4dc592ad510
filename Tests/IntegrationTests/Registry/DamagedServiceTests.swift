import Foundation
import GRDB
import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// Bytes of a registry's file that change under a service, and what its commands for care do beside it.
@Suite(.timeLimit(.minutes(1))) struct DamagedServiceTests {
  private let folder: TemporaryFolder
  private let registry: String

  init() throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    let store = try PolicyStore(path: registry, mode: .create)
    for number in 1...4 {
      _ = try store.publish(NumberedPolicy(number, hidden: [64, 64]).policy, model: "m", who: "test")
    }
  }

  /// Changes one byte in the middle of a version's weights.
  private func damage(_ number: Int) throws {
    let weight = [Float(number) / 4096].withUnsafeBytes { Data($0) }
    let content = try Data(contentsOf: URL(fileURLWithPath: registry))
    let run = (0..<100).reduce(into: Data()) { run, _ in run += weight }
    let place = try #require(content.range(of: run)).lowerBound
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: registry))
    try handle.seek(toOffset: UInt64(place + 200))
    try handle.write(contentsOf: Data([content[place + 200] ^ 1]))
    try handle.close()
  }

  private func refusal(_ body: () async throws -> Void) async -> WireStatus? {
    await #expect(throws: WireStatus.self) { try await body() }
  }

  @Test("A damaged version is DATA_LOSS, named and FAILED; what is loaded is served; verify finds it and it alone")
  func damagedVersion() async throws {
    _ = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(
        to: teacher.address, configuration: ClientConfiguration(retries: RetryPolicy(attempts: 1)))
      let query = V1.InferRequest(model: "m", rows: 1, observations: [UInt8](repeating: 0, count: 16))
      let before = try await client.infer(query)
      try damage(2)  // stored, and not loaded
      try damage(4)  // loaded
      for refused in [
        await refusal { _ = try await client.describe(model: "m", version: 2) },
        await refusal { _ = try await client.fetch(model: "m", version: 2) },
        await refusal { _ = try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 2)) },
      ] {
        #expect(
          refused?.code == .dataLoss && refused?.message.contains("m#2") == true, "\(String(describing: refused))")
      }
      let versions = try await client.listModels().first?.versions ?? []
      #expect(versions.map(\.state) == [.loaded, .failed, .loaded, .loaded])
      #expect(versions[1].failure.contains("m#2") == true)
      #expect(try await client.infer(query) == before)
      var pinned = query
      pinned.version = 4
      #expect(try await client.infer(pinned).version == 4)
      let bad = try await client.verify().filter { !$0.ok }
      #expect(bad.map(\.version) == [2, 4] && bad.allSatisfy { $0.problem.contains("corrupted") })
      await client.close()
    }
    let verified = try await Program.docent.run("models", "verify", "--registry", registry, "--json")
    #expect(verified.code == 1)
    let bad = try verified.objects.filter { $0["ok"] as? Bool == false }
    #expect(bad.compactMap { $0["version"] as? Int } == [2, 4])
  }

  @Test("A version whose record is damaged is FAILED and named, and the service starts and serves the others")
  func damagedRecord() async throws {
    try await DatabaseQueue(path: registry).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = 1; UPDATE artefacts SET bytes = -1 WHERE id = 3")
    }
    _ = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let versions = try await client.describe(model: "m").model?.versions ?? []
      #expect(versions.map(\.state) == [.loaded, .stored, .failed, .loaded])
      #expect(versions[2].failure.contains("m#3") && versions[2].failure.contains("-1 bytes"))
      let bad = try await client.verify().filter { !$0.ok }
      #expect(
        bad.contains { $0.version == 3 && $0.problem.contains("m#3") }
          && !bad.contains { [1, 2, 4].contains($0.version) })
      await client.close()
    }
  }

  @Test("Beside a service, a backup is a registry of its own, and what gc removes is not described any more")
  func care() async throws {
    let copy = folder.path("copy.sqlite")
    _ = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      _ = try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 4))
      let made = try await Program.docent.run("models", "backup", "--registry", registry, copy, "--json")
      #expect(made.code == 0, "\(made.errors)")
      #expect(try made.objects.first?["versions"] as? Int == 4)
      let again = try await Program.docent.run("models", "backup", "--registry", registry, copy)
      #expect(again.code != 0 && again.errors.contains("\(copy) exists already; it was not changed"), "\(again.errors)")

      let planned = try await Program.docent.run(
        "models", "gc", "--registry", registry, "--keep", "1", "m", "--dry-run", "--json")
      let removed = try await Program.docent.run("models", "gc", "--registry", registry, "--keep", "1", "m", "--json")
      #expect(planned.code == 0 && removed.code == 0, "\(planned.errors)\(removed.errors)")
      #expect(try planned.objects.compactMap { $0["version"] as? Int } == [2, 3])
      #expect(try removed.objects.compactMap { $0["version"] as? Int } == [2, 3])
      #expect(
        try removed.objects.allSatisfy { $0["bytes_freed"] as? Int ?? 0 > 10_000 && $0["removed"] as? Bool == true })
      #expect(removed.errors.contains("2 versions removed"))

      let described = try await client.describe(model: "m")
      #expect(described.model?.versions.map(\.number) == [1, 4])
      let gone = await refusal { _ = try await client.describe(model: "m", version: 3) }
      #expect(gone?.code == .notFound)
      var pinned = V1.InferRequest(model: "m", rows: 1, observations: [UInt8](repeating: 0, count: 16))
      pinned.version = 3
      #expect(try await client.infer(pinned).version == 3, "it was loaded, and answers until it is unloaded")
      #expect(try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: 1)).from == 4)
      await client.close()
    }
    let verified = try await Program.docent.run("models", "verify", "--registry", copy)
    #expect(verified.code == 0, "\(verified.output)")
  }
}
