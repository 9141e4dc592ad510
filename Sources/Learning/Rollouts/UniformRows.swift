import Environments

extension PCG64 {
  /// Fills `count` floats in [0, 1) with 24 random bits each.
  mutating func fill(_ uniforms: UnsafeMutablePointer<Float>, count: Int) {
    for index in 0..<count { uniforms[index] = Float(nextUInt64() >> 40) * 0x1p-24 }
  }
}
