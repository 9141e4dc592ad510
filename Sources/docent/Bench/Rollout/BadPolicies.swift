import Environments
import Learning
import Neural

/// Candidates that a rollout has to catch, made from a trained policy; the same ones each time.
struct BadPolicies {
  private static let environment = "CartPole-v1"

  let stable: Policy
  /// The same with its actions in the opposite order: it does just the wrong thing.
  let permuted: Policy
  /// The same with noise on all of its weights.
  let noisy: Policy
  /// KL(stable to noisy) in nats, averaged over what stable sees in its episodes.
  let noisyKL: Double
  /// Mean returns over some evaluation episodes.
  let returns: (stable: Double, permuted: Double, noisy: Double)

  /// - Parameter kl: of the noisy one, in nats.
  init(kl: Double) throws {
    stable = try PPO(environment: Self.environment, settings: .cartPole, seed: 1).train(steps: 300_000).policy
    permuted = try stable.withPermutedActions()
    let seen = try Self.observations(of: stable)
    let noise = WeightNoise(stable, seed: 1)
    noisy = try noise.policy(kl: kl, observations: seen)
    noisyKL = WeightNoise.kl(stable, noisy, observations: seen)
    func mean(_ policy: Policy) throws -> Double {
      try Evaluation.run(policy, environment: Self.environment, settings: .init(episodes: 32)).mean
    }
    returns = (try mean(stable), try mean(permuted), try mean(noisy))
  }

  /// What a policy sees in some of its episodes, row after row.
  static func observations(of policy: Policy) throws -> [Float] {
    let recorder = RecordingTeacher(policy)
    _ = try Evaluation.run(recorder, environment: environment, settings: .init(episodes: 16, environments: 16))
    return recorder.seen
  }
}

/// A policy's answers, and what it was asked.
private final class RecordingTeacher: TeacherPolicy {
  private let teacher: InProcessTeacher
  private(set) var seen: [Float] = []

  init(_ policy: Policy) { teacher = InProcessTeacher(policy) }

  var observationWidth: Int { teacher.observationWidth }
  var head: Head { teacher.head }

  func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) {
    seen += UnsafeBufferPointer(start: observations, count: rows * observationWidth)
    teacher.submit(slot: slot, observations: observations, rows: rows)
  }

  func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) -> UInt64 {
    teacher.collect(slot: slot, outputs: outputs, values: values)
  }
}
