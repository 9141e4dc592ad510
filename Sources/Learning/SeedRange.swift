/// Which seeds environments get: training, validation during training, and evaluation never share one.
///
/// Environment i of a run with seed s is seeded `base(s) + i`; a run has room for 2^20 environments or episodes.
public enum SeedRange: UInt64, Sendable {
  case training = 0
  /// For decisions within a training, such as whether it may stop.
  case validation = 1
  /// For results that are reported.
  case evaluation = 2

  /// Seeds of 42 bits and more share ranges: their upper bits are dropped.
  public func base(_ seed: UInt64) -> UInt64 { rawValue << 62 | (seed << 20 & (1 << 62 - 1)) }

  /// Seeds for everything else that a run draws from, apart from those of its environments.
  static func stream(_ seed: UInt64, _ purpose: Stream) -> UInt64 {
    3 << 62 | (seed << 20 & (1 << 62 - 1)) | purpose.rawValue
  }

  enum Stream: UInt64 {
    case parameters, actions, minibatches, bootstrap, randomPolicy
    /// One stream an episode follows.
    case episodes = 0x1000
  }
}
