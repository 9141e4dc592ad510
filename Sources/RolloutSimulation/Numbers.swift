import RolloutControl

/// Numbers of a seed, the same everywhere.
package struct Numbers: RandomNumberGenerator {
  private let hash: SipHash
  private var drawn: UInt64 = 0

  package init(seed: Int) { hash = SipHash(key: (UInt64(seed), 2024)) }

  package mutating func next() -> UInt64 {
    drawn += 1
    return hash.hash(drawn)
  }

  /// Uniform in [0, 1).
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// About normal, of variance 1: a sum of four uniform numbers.
  package mutating func normal() -> Double {
    let bits = next()
    let sum = (0..<4).reduce(0) { sum, part in sum + Double(bits >> (16 * part) & 0xffff) / 65536 }
    return (sum - 2) * 3.0.squareRoot()
  }
}
