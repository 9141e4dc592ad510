import ModelStore
import Neural
import Registry
import RolloutControl
import StudentTraining
import Wire

/// A served model with some versions, the first of which is `stable`, and an operator's client.
struct RolloutScene: Sendable {
  static let model = "bench"

  let teacher: ServiceProcess
  let client: TeacherClient
  /// Version i + 1 is the i-th.
  let versions: [InferencePolicy]

  /// Publishes policies as versions of one model into a new registry, and serves it while `body` runs.
  static func served<Answer: Sendable>(
    _ policies: [Policy], body: (RolloutScene) async throws -> Answer
  ) async throws -> Answer {
    try await withTemporaryFolder { folder in
      let registry = "\(folder)/teacher.sqlite"
      let store = try PolicyStore(path: registry, mode: .create)
      for policy in policies { _ = try store.publish(policy, model: model, who: OperatorName.current) }
      let serve = ["serve", "--registry", registry, "--listen", "127.0.0.1:0", "--log-level", "error"]
      return try await ServiceProcess.run("docent-teacher", arguments: serve) { teacher in
        // What a retry would hide is to be seen.
        let client = try await TeacherClient.connect(
          to: teacher.address, configuration: ClientConfiguration(retries: RetryPolicy(attempts: 1)))
        let scene = RolloutScene(teacher: teacher, client: client, versions: policies.map { InferencePolicy($0) })
        do {
          let answer = try await body(scene)
          await client.close()
          return answer
        } catch {
          await client.close()
          throw error
        }
      }
    }
  }

  // MARK: Operators' calls

  /// - Returns: how the rollout stands at its beginning.
  func start(_ plan: RolloutPlan) async throws -> V1.RolloutReply {
    try await client.rollout(V1.RolloutRequest(model: Self.model, action: .start, plan: plan.text))
  }

  @discardableResult
  func steer(_ action: V1.RolloutAction) async throws -> V1.RolloutReply {
    try await client.rollout(V1.RolloutRequest(model: Self.model, action: action, reason: "bench"))
  }

  func moveStable(to version: UInt64) async throws {
    _ = try await client.alias(
      V1.AliasRequest(model: Self.model, alias: "stable", version: version, reason: "bench"))
  }

  /// What decides which units are the candidate's.
  static func hash(of rollout: V1.RolloutReply) throws -> ShareHash {
    guard let hash = ShareHash(rolloutID: rollout.rollout) else {
      throw BenchFailure("a rollout's id '\(rollout.rollout)', expected 32 hexadecimal digits")
    }
    return hash
  }

  // MARK: Queries

  /// A query of one row.
  static func query(
    _ observation: [Float], version: UInt64 = 0, episode: UInt64 = 0, lease: UInt64 = 0
  ) -> V1.InferRequest {
    V1.InferRequest(
      model: model, rows: 1, observations: observation.withUnsafeBytes { Array($0) }, version: version,
      episode: episode, leaseVersion: lease)
  }
}
