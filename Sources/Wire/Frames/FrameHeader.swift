/// The five bytes before a frame's payload: a flags byte and a big-endian length (gRPC's length-prefixed message).
public struct FrameHeader: Hashable, Sendable {
  public static let byteCount = 5

  public let payloadBytes: Int

  /// Reads a header.
  ///
  /// - Parameter bytes: at least ``byteCount`` bytes.
  /// - Throws: ``FrameRefusal`` for what no end sends, before a byte of the payload is waited for.
  @inlinable
  public static func read(_ bytes: UnsafeRawBufferPointer, frameBytesMax: Int) throws(FrameRefusal) -> FrameHeader {
    let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    if bytes[0] != 0 || length > frameBytesMax {
      throw refusal(of: bytes, length: length, frameBytesMax: frameBytesMax)
    }
    return FrameHeader(payloadBytes: length)
  }

  @inlinable
  init(payloadBytes: Int) {
    self.payloadBytes = payloadBytes
  }

  @usableFromInline
  static func refusal(of bytes: UnsafeRawBufferPointer, length: Int, frameBytesMax: Int) -> FrameRefusal {
    if let stranger = Stranger(firstBytes: bytes) { return .stranger(stranger) }
    if bytes[0] == 1 { return .compressed }
    if bytes[0] != 0 { return .unknownFlags(bytes[0]) }
    return .tooLong(given: length, limit: frameBytesMax)
  }
}

/// A protocol that somebody spoke to the wrong port. None of their first bytes is a frame's flags byte.
public enum Stranger: String, Hashable, Sendable {
  case http = "HTTP"
  case http2 = "HTTP/2 (gRPC?)"
  case tls = "TLS"

  /// - Parameter bytes: the first bytes of a connection: what two of them tell is told from two.
  init?(firstBytes bytes: UnsafeRawBufferPointer) {
    if bytes.count >= 2, bytes[0] == 0x16, bytes[1] == 0x03 {
      self = .tls
      return
    }
    if Self.begins(bytes, "PRI ") {
      self = .http2
      return
    }
    let methods = ["GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "]
    guard methods.contains(where: { Self.begins(bytes, $0) }) else { return nil }
    self = .http
  }

  private static func begins(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
    let shared = min(bytes.count, text.utf8.count)
    return shared >= 4 && zip(bytes, text.utf8).allSatisfy { $0 == $1 }
  }
}

/// Why a frame ends its connection.
public enum FrameRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// No frame, but another protocol's greeting.
  case stranger(Stranger)
  case compressed
  case unknownFlags(UInt8)
  case tooLong(given: Int, limit: Int)
  /// The payload is no `Frame`.
  case unparseable(byteCount: Int)
  /// The payload would take more memory to unpack than a frame of the limit is worth.
  case tooCostly(byteCount: Int)

  public var description: String {
    switch self {
    case .stranger(let stranger): "looks like \(stranger.rawValue), expected a frame of docent.v1"
    case .compressed: "a compressed frame, expected none: compression was not negotiated"
    case .unknownFlags(let flags): "a frame with flags \(flags), expected 0"
    case .tooLong(let given, let limit): "a frame of \(given) bytes, expected at most \(limit)"
    case .unparseable(let count): "\(count) bytes that are no docent.v1.Frame"
    case .tooCostly(let count): "a frame of \(count) bytes that unpacks to more memory than is allowed"
    }
  }

  /// What it is counted as.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    case stranger, compressed, flags, length, unparseable, memory
  }

  public var reason: Reason {
    switch self {
    case .stranger: .stranger
    case .compressed: .compressed
    case .unknownFlags: .flags
    case .tooLong: .length
    case .unparseable: .unparseable
    case .tooCostly: .memory
    }
  }

  /// What a GoAway says of it.
  public var status: WireStatus {
    switch self {
    case .tooLong, .tooCostly: WireStatus(.resourceExhausted, description)
    default: WireStatus(.internalError, description)
    }
  }
}
