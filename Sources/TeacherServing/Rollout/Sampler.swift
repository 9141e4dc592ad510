/// Draws what is sampled: xorshift64 (Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003), which takes a
/// nanosecond. Nothing hangs on its being hard to guess.
struct Sampler {
  private var state: UInt64
  /// What the upper 32 bits of a draw are below where it is sampled.
  private var bound: UInt64

  /// - Parameter percent: 0 draws nothing, 100 everything.
  init(percent: Double, seed: UInt64 = .random(in: 1...UInt64.max)) {
    state = max(seed, 1)
    bound = Self.bound(percent)
  }

  mutating func set(percent: Double) { bound = Self.bound(percent) }

  private static func bound(_ percent: Double) -> UInt64 { UInt64(min(max(percent / 100, 0), 1) * 0x1p32) }

  @inline(__always)
  mutating func draw() -> Bool {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state >> 32 < bound
  }
}
