import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// Aliases that are moved in the registry's file, beside the service.
@Suite(.timeLimit(.minutes(1))) struct ForeignAliasTests {
  private func version(_ client: TeacherClient) async throws -> UInt64 {
    try await client.infer(V1.InferRequest(model: "m", rows: 1, observations: [UInt8](repeating: 0, count: 16))).version
  }

  @Test("A version that cannot be loaded is FAILED, and queries go on where they went, until the alias moves on")
  func brokenTarget() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    let store = try PolicyStore(path: registry, mode: .create)
    _ = try store.publish(NumberedPolicy(1).policy, model: "m", who: "test")
    let ended = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let junk = Array("no tensors at all".utf8)
      let record = NewVersion(model: "m", architectureJSON: "{}")
      _ = try store.registry.publish(record, artefact: junk, who: "test")
      try store.registry.moveAlias(model: "m", alias: "stable", to: 2, who: "test", why: "a test")
      // A control call sees what others changed; so do queries from then on.
      let described = try await client.describe(model: "m")
      #expect(described.version?.number == 1)
      #expect(described.model?.versions.map(\.state) == [.loaded, .failed])
      #expect(described.model?.versions[1].failure.contains("not a policy") == true)
      #expect(try await version(client) == 1)
      #expect(try await client.health(model: "m") == .serving)

      _ = try store.publish(NumberedPolicy(3).policy, model: "m", who: "test")
      let moved = try await Program.docent.run(
        "models", "alias", "--registry", registry, "--model", "m", "--alias", "stable", "--to", "3")
      #expect(moved.code == 0, "\(moved.errors)")
      // Without another control call.
      while try await version(client) == 1 { try Task.checkCancellation() }
      #expect(try await version(client) == 3)
      await client.close()
    }
    #expect(ended.log.contains("alias stable of model m stays at version 1"))
  }
}
