import Foundation
import Neural
import Testing

@testable import docent

/// The candidates that `docent bench rollout` wants to see caught.
@Suite struct BadPoliciesTests {
  private let policy: Policy
  private let observations = BenchNetwork.small.observations(rows: 200)

  init() throws {
    policy = try BenchNetwork.small.policy()
  }

  private func outputs(_ policy: Policy) -> [Float] {
    InferencePolicy(policy).answer(observations.withUnsafeBytes { Array($0) }, rows: 200).outputs
  }

  @Test(arguments: [0.05, 0.13, 0.4]) func noiseIsAsStrongAsItsDivergence(kl: Double) throws {
    let noisy = try WeightNoise(policy, seed: 1).policy(kl: kl, observations: observations)
    // By the definition: the softmaxes' KL, the policy's first.
    let (ours, theirs) = (outputs(policy), outputs(noisy))
    var sum = 0.0
    for row in 0..<200 {
      let p = Self.softmax(ours[2 * row], ours[2 * row + 1])
      let q = Self.softmax(theirs[2 * row], theirs[2 * row + 1])
      sum += p.0 * log(p.0 / q.0) + p.1 * log(p.1 / q.1)
    }
    #expect(abs(sum / 200 - kl) < 0.015 * kl)
    #expect(zip(policy.parameters, noisy.parameters).allSatisfy { $0 != $1 })
  }

  @Test func noiseOfASeedIsTheSame() throws {
    let noise = try (1...2).map { _ in try WeightNoise(policy, seed: 5).policy(scale: 0.1) }
    #expect(noise[0] == noise[1])
    #expect(try WeightNoise(policy, seed: 6).policy(scale: 0.1) != noise[0])
  }

  @Test func permutedActionsChangePlacesAndNothingElse() throws {
    let permuted = try policy.withPermutedActions()
    let (ours, theirs) = (outputs(policy), outputs(permuted))
    let isSwapped = (0..<200).allSatisfy { (row: Int) -> Bool in
      let (left, right) = (2 * row, 2 * row + 1)
      return ours[left] == theirs[right] && ours[right] == theirs[left]
    }
    #expect(isSwapped)
    #expect(try permuted.withPermutedActions() == policy)
  }

  private static func softmax(_ a: Float, _ b: Float) -> (Double, Double) {
    let first = 1 / (1 + exp(Double(b - a)))
    return (first, 1 - first)
  }
}
