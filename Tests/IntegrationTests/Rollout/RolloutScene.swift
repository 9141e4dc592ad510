import Foundation
import GRDB
import ModelStore
import Neural
import Registry
import RolloutControl
import TestSupport
import Testing
import Wire

/// A registry's file with versions 1, which is stable, to 4 of model "m", and what happens to it from outside. Versions 1
/// to 3 are the same policy: no gate tells one from another. Version 4 always prefers the other action.
struct RolloutScene: Sendable {
  let folder: TemporaryFolder
  let registry: String
  let store: PolicyStore

  init() throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    store = try PolicyStore(path: registry, mode: .create)
    let policy = try NumberedPolicy(1).policy
    for _ in 1...3 { _ = try store.publish(policy, model: "m", who: "test") }
    let opposite = try Policy(architecture: policy.architecture, parameters: policy.parameters.map { -$0 })
    _ = try store.publish(opposite, model: "m", who: "test")
  }

  /// Steps that last as long as their episodes.
  static let quickPlan = """
    steps: [50, 100]
    every: 0.01s
    patience: 1h
    minimum_episodes: 40
    gates: [agreement>0.5, errors<0.5]
    shadow_percent: 100
    watch: 0.01s
    """

  /// Steps that nothing ends but an operator.
  static let slowPlan = """
    steps: [50, 100]
    every: 1h
    gates: [agreement>0.5, errors<0.5]
    shadow_percent: 100
    """

  /// Lets the next service have the rollouts at once: a service that was killed keeps them for some seconds otherwise.
  ///
  /// - Parameter patience: seconds in which others that write have to be done.
  func expireOwner(patience: Double = 5) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(patience)
    try DatabaseQueue(path: registry, configuration: configuration).write { db in
      try db.execute(sql: "UPDATE owners SET expires_us = 1")
    }
  }

  var newest: RolloutRecord? {
    get throws { try store.registry.rollouts(of: "m").first }
  }

  var stable: UInt64 {
    get throws { try store.registry.resolve(model: "m", .stable).number }
  }

  /// What the registry has of the newest rollout's evidence.
  var evidence: StepEvidence? {
    get throws {
      try newest?.evidence.map { try JSONDecoder().decode(StepEvidence.self, from: Data($0.utf8)) }
    }
  }

  func kinds() throws -> [String] { try store.registry.events(of: "m").map(\.kind.rawValue) }
}

/// A client that plays episodes of one query each.
struct EpisodePlayer: Sendable {
  let client: TeacherClient

  static let observations = [Float](arrayLiteral: 1, -2, 3, 4).withUnsafeBytes { Array($0) }

  /// - Returns: the version that played the episode, which is reported.
  @discardableResult
  func play(_ episode: UInt64, return episodeReturn: Double = 1) async throws -> UInt64 {
    let version = try await begin(episode)
    try await client.report(
      V1.ReportRequest(model: "m", version: version, episode: episode, episodeReturn: episodeReturn, steps: 1))
    return version
  }

  /// - Returns: the version that answers the episode's first query.
  func begin(_ episode: UInt64) async throws -> UInt64 {
    try await client.infer(
      V1.InferRequest(model: "m", rows: 1, observations: Self.observations, episode: episode)
    ).version
  }

  /// Plays until the rollout is as asked for.
  func play(
    from first: UInt64 = .random(in: 1...UInt64.max / 2), until condition: (V1.RolloutReply) -> Bool
  ) async throws -> V1.RolloutReply {
    var episode = first
    while true {
      try Task.checkCancellation()
      let reply = try await status()
      if condition(reply) { return reply }
      for _ in 0..<4 {
        try await play(episode)
        episode += 1
      }
    }
  }

  func status() async throws -> V1.RolloutReply {
    try await client.rollout(V1.RolloutRequest(model: "m"))
  }

  /// The status that a call is refused with; nil where it is not.
  func refusal(
    of action: V1.RolloutAction, model: String = "m", version: UInt64 = 0, plan: String = "", id: String = "",
    why: String = ""
  ) async -> WireStatus? {
    let request = V1.RolloutRequest(
      model: model, action: action, plan: plan, requestID: id, reason: why, version: version)
    do throws(WireStatus) {
      _ = try await client.rollout(request)
      return nil
    } catch {
      return error
    }
  }

  @discardableResult
  func ask(_ action: V1.RolloutAction, version: UInt64 = 0, plan: String = "", id: String = "", why: String = "")
    async throws -> V1.RolloutReply
  {
    try await client.rollout(
      V1.RolloutRequest(
        model: "m", action: action, plan: plan, requestID: id, reason: why, version: version))
  }
}

extension RunningTeacher {
  func player(token: String = "") async throws -> EpisodePlayer {
    EpisodePlayer(
      client: try await TeacherClient.connect(to: address, configuration: ClientConfiguration(token: token)))
  }
}
