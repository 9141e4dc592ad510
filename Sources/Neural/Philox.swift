/// The counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3" (SC 2011): a key and a counter give four words, with no state from one to the next. So rows draw in any
/// order, in any company, and on any machine what they would draw alone.
struct Philox4x32: Sendable {
  typealias Words = (UInt32, UInt32, UInt32, UInt32)

  let key: (UInt32, UInt32)

  init(key: (UInt32, UInt32)) { self.key = key }

  /// The key's words are the seed's low and high half.
  init(seed: UInt64) { key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)) }

  func words(_ counter: Words) -> Words {
    var (x, k) = (counter, key)
    for _ in 0..<10 {
      let first = UInt64(x.0) &* 0xd251_1f53
      let second = UInt64(x.2) &* 0xcd9e_8d57
      x = (
        UInt32(truncatingIfNeeded: second >> 32) ^ x.1 ^ k.0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ x.3 ^ k.1, UInt32(truncatingIfNeeded: first)
      )
      k = (k.0 &+ 0x9e37_79b9, k.1 &+ 0xbb67_ae85)
    }
    return x
  }

  /// Words 4 x block to 4 x block + 3 of a row: those of the counter (block, 0, row's low half, row's high half).
  func words(row: Int, block: Int) -> Words {
    let row = UInt64(truncatingIfNeeded: row)
    return words(
      (
        UInt32(truncatingIfNeeded: block), 0, UInt32(truncatingIfNeeded: row), UInt32(truncatingIfNeeded: row >> 32)
      ))
  }
}
