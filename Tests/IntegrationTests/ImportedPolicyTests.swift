import Foundation
import TestSupport
import Testing
import Wire

/// A policy that Stable-Baselines3 trained, through all of ours: imported by one program, served by another, asked for
/// over TCP.
@Suite struct ImportedPolicyTests {
  struct Reference: Decodable {
    let observations: [[Float]]
    let logits: [[Float]]
    let values: [Float]
  }

  static let policy = Repository.fixture("NeuralTests/Fixtures/policy.safetensors").path

  static func reference() throws -> Reference {
    let file = Repository.fixture("NeuralTests/Fixtures/reference.json")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
  }

  static func imported(into registry: String, model: String = "cartpole") async throws {
    let outcome = try await Program.docent.run(
      "models", "import", "--registry", registry, "--safetensors", policy, "--environment", "CartPole-v1",
      "--model", model, "--activation", "tanh")
    try #require(outcome.code == 0, "\(outcome.errors)")
  }

  @Test func itsServedOutputsAreThoseOfPyTorch() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await Self.imported(into: registry)
    let reference = try Self.reference()
    let served = try await RunningTeacher.serve(registry: registry) { teacher in
      let client = try await TeacherClient.connect(to: teacher.address)
      let observations = reference.observations.flatMap { $0 }.withUnsafeBytes { Array($0) }
      let reply = try await client.infer(
        V1.InferRequest(model: "cartpole", rows: reference.observations.count, observations: observations))
      await client.close()
      return reply
    }
    #expect(served.code == 0, "SIGTERM ends the service in order")
    #expect(served.answer.version == 1)
    #expect(served.answer.rows == reference.values.count)
    #expect(Self.farthest(served.answer.outputs, reference.logits.flatMap { $0 }) <= 1e-5)
    #expect(Self.farthest(served.answer.values, reference.values) <= 1e-5)
  }

  @Test func anActivationIsAskedForAndNotGuessed() async throws {
    let folder = try TemporaryFolder()
    let bare = folder.path("bare.safetensors")
    try Data(Self.withoutMetadata(try Data(contentsOf: URL(fileURLWithPath: Self.policy)))).write(
      to: URL(fileURLWithPath: bare))
    let outcome = try await Program.docent.run(
      "models", "import", "--registry", folder.path("r.sqlite"), "--safetensors", bare, "--environment",
      "CartPole-v1", "--model", "cartpole")
    #expect(outcome.code != 0)
    #expect(outcome.errors.contains("--activation"))
  }

  private static func farthest(_ given: [Float], _ expected: [Float]) -> Float {
    given.count == expected.count ? zip(given, expected).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  /// The same tensors, without the free text that only our fixture has.
  private static func withoutMetadata(_ file: Data) throws -> [UInt8] {
    let headerBytes = Int(file.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * $1.offset) })
    let header = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(headerBytes))
    var tensors = try #require(header as? [String: Any])
    tensors["__metadata__"] = nil
    let json = try JSONSerialization.data(withJSONObject: tensors, options: [.sortedKeys])
    let count = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
    return count + json + file.dropFirst(8 + headerBytes)
  }
}
