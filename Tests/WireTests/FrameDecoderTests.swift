import NIOCore
import NIOTestUtils
import Testing
import Wire

@Suite struct FrameDecoderTests {
  @Test("Frames are cut alike when dripped, whole and merged")
  func verified() throws {
    func frame(_ payload: [UInt8]) -> ByteBuffer {
      ByteBuffer(bytes: [0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)] + payload)
    }
    let payloads: [[UInt8]] = [[], [1], [1, 2, 3], [UInt8](repeating: 0, count: 300), [0, 0, 0, 0, 0]]
    try ByteToMessageDecoderVerifier.verifyDecoder(
      inputOutputPairs: payloads.map { (frame($0), [ByteBuffer(bytes: $0)]) }
    ) { DecoderAsByteToMessage() }
  }

  @Test("Real messages survive the same")
  func verifiedMessages() throws {
    var codec = FrameCodec()
    let pairs = MessageSamples.bodies.map { body in
      let bytes = codec.bytes(of: V1.Frame(call: 9, body))
      return (ByteBuffer(bytes: bytes), [ByteBuffer(bytes: bytes.dropFirst(5))])
    }
    try ByteToMessageDecoderVerifier.verifyDecoder(inputOutputPairs: pairs) { DecoderAsByteToMessage() }
  }

  @Test("A frame is refused on its header, before its payload is there")
  func refusals() {
    func refusal(_ bytes: [UInt8], max: Int = 100) -> FrameRefusal? {
      var decoder = FrameDecoder(frameBytesMax: max)
      var buffer = ByteBuffer(bytes: bytes)
      do {
        _ = try decoder.decode(buffer: &buffer)
        return nil
      } catch { return error as? FrameRefusal }
    }
    #expect(refusal([0, 0, 0, 0, 100]) == nil)
    #expect(refusal([0, 0, 0, 0, 101]) == .tooLong(given: 101, limit: 100))
    #expect(refusal([0, 0xff, 0xff, 0xff, 0xff]) == .tooLong(given: 0xffff_ffff, limit: 100))
    #expect(refusal([1, 0, 0, 0, 1]) == .compressed)
    #expect(refusal([2, 0, 0, 0, 1]) == .unknownFlags(2))
    #expect(refusal(Array("GET / HTTP/1.1\r\n".utf8)) == .stranger(.http))
    #expect(refusal(Array("POST /v1".utf8)) == .stranger(.http))
    #expect(refusal(Array("PRI * HTTP/2.0".utf8)) == .stranger(.http2))
    #expect(refusal([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) == .stranger(.tls))
  }

  @Test("Statuses of refusals: too large is RESOURCE_EXHAUSTED, the rest INTERNAL")
  func statuses() {
    #expect(FrameRefusal.tooLong(given: 5, limit: 4).status.code == .resourceExhausted)
    #expect(FrameRefusal.unknownFlags(9).status.code == .internalError)
    #expect(FrameRefusal.tooLong(given: 5, limit: 4).status.message == "a frame of 5 bytes, expected at most 4")
  }
}

/// The verifier takes the older protocol.
private struct DecoderAsByteToMessage: ByteToMessageDecoder {
  typealias InboundOut = ByteBuffer
  var decoder = FrameDecoder()

  mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    guard let frame = try decoder.decode(buffer: &buffer) else { return .needMoreData }
    context.fireChannelRead(wrapInboundOut(frame))
    return .continue
  }

  mutating func decodeLast(
    context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
  ) throws -> DecodingState {
    try decode(context: context, buffer: &buffer)
  }
}
