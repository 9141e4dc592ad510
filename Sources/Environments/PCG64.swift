/// NumPy's `SeedSequence`: turns one integer into well-mixed words for seeding a generator.
///
/// Bit for bit `numpy.random.SeedSequence(seed)`, for seeds of up to 64 bits (M. E. O'Neill, "Developing a seed_seq
/// alternative", 2015).
public struct SeedSequence: Sendable {
  private var pool: (UInt32, UInt32, UInt32, UInt32)

  public init(_ seed: UInt64) {
    var multiplier: UInt32 = 0x43b0_d7e5
    func hash(_ value: UInt32) -> UInt32 {
      var value = value ^ multiplier
      multiplier &*= 0x931e_8875
      value &*= multiplier
      return value ^ (value >> 16)
    }
    func mix(_ x: UInt32, _ y: UInt32) -> UInt32 {
      let mixed = 0xca01_f9dd &* x &- 0x4973_f715 &* y
      return mixed ^ (mixed >> 16)
    }
    // A seed of at most two words fills the front of the pool; the rest is hashed zeros.
    var words = [
      hash(UInt32(truncatingIfNeeded: seed)), hash(UInt32(truncatingIfNeeded: seed >> 32)), hash(0), hash(0),
    ]
    for source in 0..<4 {
      for destination in 0..<4 where destination != source {
        words[destination] = mix(words[destination], hash(words[source]))
      }
    }
    pool = (words[0], words[1], words[2], words[3])
  }

  /// The first four 64-bit words: `generate_state(4, numpy.uint64)`.
  public func words() -> (UInt64, UInt64, UInt64, UInt64) {
    var multiplier: UInt32 = 0x8b51_f9dd
    func next(_ word: UInt32) -> UInt64 {
      var value = word ^ multiplier
      multiplier &*= 0x58f3_8ded
      value &*= multiplier
      return UInt64(value ^ (value >> 16))
    }
    func pair(_ low: UInt32, _ high: UInt32) -> UInt64 {
      let low = next(low)
      return low | next(high) << 32
    }
    return (pair(pool.0, pool.1), pair(pool.2, pool.3), pair(pool.0, pool.1), pair(pool.2, pool.3))
  }
}

/// NumPy's default generator, `Generator(PCG64(SeedSequence(seed)))`: PCG XSL-RR 128/64 (O'Neill 2014), bit for bit.
///
/// Not for secrets.
public struct PCG64: Sendable {
  private var state: UInt128
  private let increment: UInt128

  private static let multiplier: UInt128 = (2_549_297_995_355_413_924 << 64) + 4_865_540_595_714_422_341

  public init(seed: UInt64) {
    let words = SeedSequence(seed).words()
    increment = (UInt128(words.2) << 64 | UInt128(words.3)) << 1 | 1
    state = 0
    advance()
    state &+= UInt128(words.0) << 64 | UInt128(words.1)
    advance()
  }

  private mutating func advance() {
    state = state &* Self.multiplier &+ increment
  }

  public mutating func nextUInt64() -> UInt64 {
    advance()
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let rotation = UInt64(truncatingIfNeeded: state >> 122)
    return (folded >> rotation) | (folded << ((64 &- rotation) & 63))
  }

  /// Uniform in [0, 1) with 53 random bits: `Generator.random()`.
  public mutating func nextDouble() -> Double {
    Double(nextUInt64() >> 11) * 0x1p-53
  }

  /// Uniform in [low, high): `Generator.uniform(low, high)`.
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * nextDouble()
  }

  /// A whole number below `bound`, without bias (Lemire 2019). The stream differs from NumPy's `integers`.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a bound of \(bound) leaves nothing to draw")
    let bound = UInt64(bound)
    var product = nextUInt64().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = nextUInt64().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }
}
