import ArgumentParser
import Neural

/// The networks that benchmarks serve: the usual ones of an environment, untrained, each with a value network beside it.
enum BenchNetwork: String, CaseIterable, Sendable, ExpressibleByArgument {
  /// CartPole's: computed on the event loop.
  case small = "4-64-64-2"
  /// HalfCheetah's.
  case middle = "17-256-256-6"
  /// Humanoid's: computed on a thread of its own.
  case large = "376-512-512-17"

  /// Its numbers of units: the observation, the hidden layers, the actions.
  var widths: [Int] { rawValue.split(separator: "-").compactMap { Int($0) } }
  var observationWidth: Int { widths[0] }

  func architecture() throws -> PolicyArchitecture {
    let actions = widths[widths.count - 1]
    let head: Head =
      self == .small
      ? .categorical(actions: actions)
      : .gaussian(
        dimensions: actions, low: [Float](repeating: -1, count: actions), high: [Float](repeating: 1, count: actions))
    return try PolicyArchitecture(
      environment: "bench", observationWidth: observationWidth, head: head, policyHidden: Array(widths[1..<3]))
  }

  /// The same policy for the same seed.
  func policy(seed: UInt64 = 1) throws -> Policy {
    TrainableNetwork(architecture: try architecture(), seed: seed).policy
  }

  /// Some rows of numbers in -1...1, no two rows alike; the same in every process.
  func observations(rows: Int) -> [Float] {
    (0..<rows * observationWidth).map { Float(($0 * 7919) % 2003) / 1001 - 1 }
  }
}
