import Foundation
import TestSupport
import Testing
import Wire

/// Publishing and moving `stable` while clients keep asking the same endpoint.
@Suite struct SwapUnderLoadTests {
  private struct Seen: Sendable {
    var failures: [String] = []
    var versions: [UInt64] = []
  }

  @Test func noQueryFailsAndVersionsFollowTheAlias() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    let others = folder.path("student.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let made = try await Program.docent.run(
      "distill", "CartPole-v1", "--teacher", "\(registry)/cartpole", "--hidden", "8,8", "--steps", "1024", "--seed",
      "1", "--registry", others, "--model", "student")
    try #require(made.code == 0, "\(made.errors)")

    let seen = try await RunningTeacher.serve(registry: registry) { teacher in
      let clients = try await Self.connect(8, to: teacher.address)
      let moved = Signal()
      return try await withThrowingTaskGroup(of: Seen.self) { group in
        for client in clients {
          group.addTask { await Self.ask(client, until: moved) }
        }
        group.addTask {
          defer { moved.raise() }
          try await Self.publishAndMove(from: others, to: teacher.address)
          return Seen()
        }
        return try await group.reduce(into: [Seen]()) { $0.append($1) }
      }
    }.answer

    #expect(seen.flatMap(\.failures).isEmpty)
    for client in seen where !client.versions.isEmpty {
      #expect(client.versions == [1, 2], "each client sees the old version, then the new one, and never goes back")
    }
    #expect(seen.filter { !$0.versions.isEmpty }.count == 8)

    let history = try await Program.docent.run(
      "models", "history", "--registry", registry, "--model", "cartpole", "--json")
    let targets = try history.objects.compactMap { $0["to"] as? Int }
    #expect(targets == [1, 2], "the first publish made stable, the second moved nothing, the move was recorded")
  }

  private static func connect(_ count: Int, to address: String) async throws -> [TeacherClient] {
    var clients: [TeacherClient] = []
    // What a retry would hide is counted.
    let configuration = ClientConfiguration(retries: RetryPolicy(attempts: 1))
    for _ in 0..<count { clients.append(try await TeacherClient.connect(to: address, configuration: configuration)) }
    return clients
  }

  private static func publishAndMove(from registry: String, to address: String) async throws {
    let published = try await Program.docent.run(
      "models", "publish", "--registry", registry, "--model", "student", "--to", "\(address)/cartpole")
    try #require(published.code == 0, "\(published.errors)")
    let moved = try await Program.docent.run(
      "models", "alias", "--server", address, "--model", "cartpole", "--alias", "stable", "--to", "2", "--why", "a test"
    )
    try #require(moved.code == 0, "\(moved.errors)")
  }

  /// Asks until the operator has ended, then 100 times more.
  private static func ask(_ client: TeacherClient, until moved: Signal) async -> Seen {
    var seen = Seen()
    var left = 100
    let request = V1.InferRequest(model: "cartpole", rows: 1, observations: [UInt8](repeating: 0, count: 16))
    while left > 0 {
      if moved.isRaised { left -= 1 }
      do {
        let version = try await client.infer(request).version
        if seen.versions.last != version { seen.versions.append(version) }
      } catch {
        seen.failures.append("\(error)")
      }
    }
    await client.close()
    return seen
  }
}
