/// SipHash-2-4 of one 64-bit word (Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, section 2).
package struct SipHash {
  private let first: UInt64
  private let second: UInt64

  /// - Parameter key: k0 and k1, the key's 16 bytes as two little-endian words.
  package init(key: (UInt64, UInt64)) {
    (first, second) = key
  }

  /// - Parameter word: the message, as 8 little-endian bytes.
  package func hash(_ word: UInt64) -> UInt64 {
    var state = (
      first ^ 0x736f_6d65_7073_6575, second ^ 0x646f_7261_6e64_6f6d, first ^ 0x6c79_6765_6e65_7261,
      second ^ 0x7465_6462_7974_6573
    )
    Self.absorb(word, &state)
    // The last block: no bytes left over, and the message's length in the highest byte.
    Self.absorb(8 << 56, &state)
    state.2 ^= 0xff
    for _ in 0..<4 { Self.round(&state) }
    return state.0 ^ state.1 ^ state.2 ^ state.3
  }

  private typealias State = (UInt64, UInt64, UInt64, UInt64)

  @inline(__always)
  private static func absorb(_ word: UInt64, _ state: inout State) {
    state.3 ^= word
    round(&state)
    round(&state)
    state.0 ^= word
  }

  @inline(__always)
  private static func round(_ state: inout State) {
    state.0 &+= state.1
    state.1 = rotated(state.1, 13) ^ state.0
    state.0 = rotated(state.0, 32)
    state.2 &+= state.3
    state.3 = rotated(state.3, 16) ^ state.2
    state.0 &+= state.3
    state.3 = rotated(state.3, 21) ^ state.0
    state.2 &+= state.1
    state.1 = rotated(state.1, 17) ^ state.2
    state.2 = rotated(state.2, 32)
  }

  @inline(__always)
  private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
}
