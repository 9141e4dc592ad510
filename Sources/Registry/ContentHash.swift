import Crypto

/// A SHA-256 of bytes: 32 bytes, written as 64 lowercase hexadecimal digits.
public struct ContentHash: Hashable, Sendable, CustomStringConvertible {
  /// Always 32.
  public let bytes: [UInt8]

  /// The hash of `content`.
  public init(of content: [UInt8]) {
    bytes = Array(SHA256.hash(data: content))
  }

  /// A hash that was computed elsewhere; nil unless it has 32 bytes.
  public init?(bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    guard bytes.count == SHA256.byteCount else { return nil }
    self.bytes = bytes
  }

  /// A hash as people write it; nil unless it is 64 hexadecimal digits.
  public init?(hex: some StringProtocol) {
    let digits = hex.utf8.compactMap { UInt8(hexDigit: $0) }
    guard digits.count == 2 * SHA256.byteCount, digits.count == hex.utf8.count else { return nil }
    bytes = (0..<SHA256.byteCount).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
  }

  init(_ digest: SHA256.Digest) {
    bytes = Array(digest)
  }

  /// 64 lowercase hexadecimal digits.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first 12 digits, for tables.
  public var short: String { String(hex.prefix(12)) }

  public var description: String { hex }
}

extension UInt8 {
  fileprivate init?(hexDigit: UInt8) {
    switch hexDigit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self = hexDigit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self = hexDigit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self = hexDigit - UInt8(ascii: "A") + 10
    default: return nil
    }
  }
}
