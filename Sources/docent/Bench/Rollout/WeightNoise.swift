import Environments
import Foundation
import Neural

/// Gaussian noise on all weights of a policy, in one direction, as strong as a divergence asks for.
struct WeightNoise {
  private let policy: Policy
  private let direction: [Float]

  /// - Parameter seed: the same seed gives the same direction.
  init(_ policy: Policy, seed: UInt64) {
    self.policy = policy
    var generator = PCG64(seed: seed)
    // Box and Muller, "A note on the generation of random normal deviates", 1958.
    direction = policy.parameters.map { _ in
      let radius = (-2 * log(1 - generator.nextDouble())).squareRoot()
      return Float(radius * cos(2 * .pi * generator.nextDouble()))
    }
  }

  /// - Parameter scale: the noise's standard deviation.
  func policy(scale: Double) throws -> Policy {
    try Policy(
      architecture: policy.architecture,
      parameters: zip(policy.parameters, direction).map { $0 + Float(scale) * $1 })
  }

  /// The policy with as much noise as makes its divergence from the one without just so large; 1% beside it is near
  /// enough.
  ///
  /// - Parameters:
  ///   - kl: KL(without to with) in nats, averaged over the observations.
  ///   - observations: row after row.
  /// - Throws: `BenchFailure` where no noise is found that does it.
  func policy(kl wanted: Double, observations: [Float]) throws -> Policy {
    // The divergence grows with small noise; of larger noise it need not, so the first crossing is looked for.
    var (low, high) = (0.0, 1e-3)
    while try Self.kl(policy, policy(scale: high), observations: observations) < wanted {
      (low, high) = (high, high * 1.25)
      guard high < 100 else { throw BenchFailure("no noise on the weights makes a KL of \(wanted)") }
    }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let candidate = try policy(scale: middle)
      let kl = Self.kl(policy, candidate, observations: observations)
      if abs(kl - wanted) <= 0.01 * wanted { return candidate }
      if kl < wanted { low = middle } else { high = middle }
    }
    throw BenchFailure("no noise on the weights makes a KL of \(wanted); it leaps between \(low) and \(high)")
  }

  /// KL(stable to other) in nats, averaged over rows.
  static func kl(_ stable: Policy, _ other: Policy, observations: [Float]) -> Double {
    let rows = observations.count / stable.architecture.observationWidth
    let bytes = observations.withUnsafeBytes { Array($0) }
    let ours = InferencePolicy(stable).answer(bytes, rows: rows)
    let theirs = InferencePolicy(other).answer(bytes, rows: rows)
    let sums = Divergence(stable.architecture.head, hasValues: stable.architecture.hasValue).sums(
      reference: ours.outputs, ours.values, other: theirs.outputs, theirs.values, rows: rows)
    return sums.kl / Double(rows)
  }
}
