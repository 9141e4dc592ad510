import Foundation
import TestSupport
import Testing
import Wire

/// Other programs write into the registry of a service that runs.
@Suite struct SharedRegistryTests {
  @Test("A version trained into the registry, and an alias moved in it, are served", .timeLimit(.minutes(1)))
  func served() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    _ = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      try await Self.run(
        "distill", "CartPole-v1", "--teacher", "\(teacher.address)/cartpole", "--hidden", "8,8", "--steps", "1024",
        "--registry", registry, "--model", "cartpole")
      try await Self.run(
        "models", "alias", "--registry", registry, "--model", "cartpole", "--alias", "stable", "--to", "2", "--why",
        "a test")
      // A client that only queries sees the move too, when the service next looks.
      let request = V1.InferRequest(model: "cartpole", rows: 1, observations: [UInt8](repeating: 0, count: 16))
      var version: UInt64 = 0
      repeat { version = try await client.infer(request).version } while version == 1
      #expect(version == 2)
      await client.close()
    }
  }

  private static func run(_ arguments: String...) async throws {
    let done = try await Program.docent.run(arguments)
    try #require(done.code == 0, "\(done.errors)")
  }
}
