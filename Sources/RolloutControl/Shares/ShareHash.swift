/// Which units of a model's traffic a rollout's candidate answers: an episode, or a connection whose queries carry none.
///
/// SipHash-2-4 under the rollout's own key, so that no episode id is a candidate's in every rollout, and services that
/// stand at the same step agree. Who is the candidate's at one weight is so at every larger one.
public struct ShareHash: Hashable, Sendable {
  private let key0: UInt64
  private let key1: UInt64

  public init(key: (UInt64, UInt64)) {
    (key0, key1) = key
  }

  /// - Parameter rolloutID: 32 hexadecimal digits, the key's bytes in their order; nil for anything else.
  public init?(rolloutID: String) {
    let digits = rolloutID.utf8
    guard digits.count == 32, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let high = UInt64(rolloutID.prefix(16), radix: 16), let low = UInt64(rolloutID.suffix(16), radix: 16)
    else { return nil }
    self.init(key: (high.byteSwapped, low.byteSwapped))
  }

  /// - Parameter weightPercent: the candidate's share: 0 has no unit, 100 every one.
  public func isCandidate(unit: UInt64, weightPercent: Double) -> Bool {
    if weightPercent >= 100 { return true }
    // The hash's upper 53 bits are a fraction that a double holds exactly.
    return Double(SipHash(key: (key0, key1)).hash(unit) >> 11) * 0x1p-53 < weightPercent / 100
  }
}
