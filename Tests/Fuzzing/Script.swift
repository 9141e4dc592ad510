/// What happens beside the bytes of an input, and when: drawn from the input's first bytes, so that the same input is
/// always the same run.
struct Script {
  static let seedBytes = 4

  private var state: UInt64

  /// Takes the seed off the front of an input.
  init(_ bytes: inout UnsafeRawBufferPointer) {
    let seed = bytes.prefix(Self.seedBytes)
    state = seed.reduce(0) { $0 << 8 | UInt64($1) }
    bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(seed.count))
  }

  init(seed: UInt64) { state = seed }

  /// Uniform in 0..<bound.
  mutating func draw(_ bound: Int) -> Int {
    // SplitMix64.
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((bits ^ (bits >> 31)) % UInt64(bound))
  }

  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { draw(times) == 0 }

  /// The next piece of a stream, of any size.
  mutating func cut(_ bytes: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let sizes = [1, 2, 5, 7, 16, 64, 300, 5000, Int.max]
    let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(sizes[draw(sizes.count)]))
    bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(piece.count))
    return piece
  }
}
