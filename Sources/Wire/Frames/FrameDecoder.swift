public import NIOCore

/// Cuts a stream of bytes into the payloads of its frames.
///
/// A refused frame is thrown as soon as its header is there. The server's and the client's hot paths read headers from
/// their read buffer themselves; this decoder is for everybody else, and for the tests of what they share.
public struct FrameDecoder: NIOSingleStepByteToMessageDecoder {
  public typealias InboundOut = ByteBuffer

  private let frameBytesMax: Int

  public init(frameBytesMax: Int = WireLimits.defaults.frameBytesMax) {
    self.frameBytesMax = frameBytesMax
  }

  public mutating func decode(buffer: inout ByteBuffer) throws -> ByteBuffer? {
    guard buffer.readableBytes >= FrameHeader.byteCount else { return nil }
    let header = try buffer.withUnsafeReadableBytes { try FrameHeader.read($0, frameBytesMax: frameBytesMax) }
    guard buffer.readableBytes >= FrameHeader.byteCount + header.payloadBytes else { return nil }
    buffer.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    return buffer.readSlice(length: header.payloadBytes)
  }

  /// What is left at the end of a stream is a frame cut off; there is nobody left to be told.
  public mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ByteBuffer? {
    try decode(buffer: &buffer)
  }
}
