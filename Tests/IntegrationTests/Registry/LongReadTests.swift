import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// Reading everything beside who changes something.
@Suite(.timeLimit(.minutes(1))) struct LongReadTests {
  @Test("A verification under way holds up no other control call, and finds what is there")
  func verification() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    let store = try PolicyStore(path: registry, mode: .create)
    // One artefact of many versions, each of which is read and computed on its own.
    let policy = try NumberedPolicy(1, hidden: [512, 512]).policy
    for _ in 0..<40 { _ = try store.publish(policy, model: "m", who: "test") }
    _ = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let hasEnded = Signal()
      let verification = Task {
        defer { hasEnded.raise() }
        return try await client.verify()
      }
      for number in 1...20 as ClosedRange<UInt64> {
        let moved = try await client.alias(V1.AliasRequest(model: "m", alias: "stable", version: number % 2 + 39))
        #expect(moved.to == number % 2 + 39)
      }
      _ = try await client.describe(model: "m", version: 1)
      #expect(try await client.history(model: "m").count == 21)
      let next = try NumberedPolicy(2)
      let published = try await client.publish(next.header(model: "m", requestID: "r"), artefact: next.artefact)
      #expect(published.version == 41)
      _ = try await client.fetch(model: "m", version: 41)
      #expect(!hasEnded.isRaised)
      let results = try await verification.value
      #expect(results.count == 40 && results.allSatisfy { $0.ok && $0.model == "m" })
      #expect(results.map(\.version) == Array(1...40))
      await client.close()
    }
  }
}
