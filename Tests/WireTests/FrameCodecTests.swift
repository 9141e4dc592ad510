import CWire
import NIOCore
import Testing
import Wire

@Suite struct FrameCodecTests {
  @Test("Every message comes back as it was")
  func roundTrip() throws {
    var codec = FrameCodec()
    for body in MessageSamples.bodies {
      let frame = V1.Frame(call: 41, body)
      let bytes = codec.bytes(of: frame)
      let header = try bytes.withUnsafeBytes { try FrameHeader.read($0, frameBytesMax: 1 << 20) }
      #expect(header.payloadBytes == bytes.count - FrameHeader.byteCount)
      let read = try bytes.dropFirst(FrameHeader.byteCount).withUnsafeBytes { payload throws(DecodingFault) in
        try codec.read(payload)
      }
      #expect(read == frame)
    }
  }

  @Test("A message with nothing in it is its defaults")
  func defaults() throws {
    var codec = FrameCodec()
    let frame = V1.Frame(.infer(V1.InferRequest()))
    let bytes = codec.bytes(of: frame)
    #expect(bytes == [0, 0, 0, 0, 2, 0x12, 0])
    #expect(try bytes.dropFirst(5).withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) } == frame)
  }

  @Test("An enumeration's number of a newer schema stays what it is")
  func openEnumerations() throws {
    var codec = FrameCodec()
    let frame = V1.Frame(call: 1, .healthReply(V1.HealthReply(serving: .unrecognized(77))))
    let bytes = codec.bytes(of: frame)
    #expect(try bytes.dropFirst(5).withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) } == frame)
  }

  @Test("Unknown fields and unknown messages are no fault")
  func unknownFields() throws {
    // call 3; field 1000 (a message of a newer schema): 2 bytes.
    let payload: [UInt8] = [0x0d, 3, 0, 0, 0, 0xc2, 0x3e, 2, 0xaa, 0xbb]
    var codec = FrameCodec()
    let frame = try payload.withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) }
    #expect(frame == V1.Frame(call: 3, .unrecognized))
  }

  @Test("Bytes that are no message are the connection's fault")
  func unparseable() {
    var codec = FrameCodec()
    let payload: [UInt8] = [0x12, 0x7f, 1]
    #expect(throws: DecodingFault.frame(.unparseable(byteCount: 3))) {
      try payload.withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) }
    }
  }

  @Test("Text that is not UTF-8, and arrays of broken numbers, are the call's fault")
  func unusableFields() {
    var codec = FrameCodec()
    let text: [UInt8] = [0x0d, 9, 0, 0, 0, 0xa2, 1, 3, 0x0a, 1, 0xff]  // describe { model: "\xff" }
    #expect(throws: DecodingFault.call(9, WireStatus(.invalidArgument, "describe_request.model is not UTF-8"))) {
      try text.withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) }
    }
    let floats: [UInt8] = [0x0d, 9, 0, 0, 0, 0x1a, 5, 0x1a, 3, 1, 2, 3]  // infer_reply { outputs: 3 bytes }
    let status = WireStatus(.invalidArgument, "infer_reply.outputs has 3 bytes, expected a multiple of 4")
    #expect(throws: DecodingFault.call(9, status)) {
      try floats.withUnsafeBytes { p throws(DecodingFault) in try codec.read(p) }
    }
  }

  @Test("A frame that would unpack to far more memory than it has bytes is refused")
  func amplification() {
    // list_models_reply { models: {} {} {} ... }: two bytes each, a struct each.
    let count = 2_000
    var payload: [UInt8] = [0xca, 0x01] + varint(2 * count)
    for _ in 0..<count { payload += [0x0a, 0] }
    var small = FrameCodec(frameBytesMax: 5_000)
    #expect(throws: DecodingFault.frame(.tooCostly(byteCount: payload.count))) {
      try payload.withUnsafeBytes { p throws(DecodingFault) in try small.read(p) }
    }
    var large = FrameCodec()
    #expect(throws: Never.self) {
      try payload.withUnsafeBytes { p throws(DecodingFault) in try large.read(p) }
    }
  }

  @Test("An arena holds no more memory than its limit, however its blocks fall")
  func arenaLimit() {
    let arena = docent_arena_new(256)
    defer { docent_arena_free(arena) }
    for limit in stride(from: 256, through: 4096, by: 48) {
      for size in [16, 100, 300, 700] {
        docent_arena_reset(arena, limit)
        var given = 0
        while docent_arena_allocate(arena, size) != nil { given += size }
        #expect(docent_arena_exhausted(arena) != 0)
        #expect(given <= limit && docent_arena_held(arena) <= limit)
      }
    }
  }

  @Test("A query is read in place as it was written")
  func queryInPlace() throws {
    var writer = FrameCodec()
    var buffer = ByteBuffer()
    let observations: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
    let request = V1.InferRequest(model: "cartpole", rows: 2, version: 3, alias: "beta", deadlineMicroseconds: 9)
    observations.withUnsafeBytes { writer.writeInfer(call: 5, request, observations: $0, into: &buffer) }
    var reader = FrameCodec()
    try buffer.withUnsafeReadableBytes { bytes in
      let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(FrameHeader.byteCount))
      guard case .infer(let view) = try reader.readRequest(payload) else {
        Issue.record("no query")
        return
      }
      #expect(view.call == 5 && view.rows == 2 && view.version == 3 && view.deadlineMicroseconds == 9)
      #expect(view.model.elementsEqual("cartpole".utf8) && view.alias.elementsEqual("beta".utf8))
      observations.withUnsafeBytes { expected in #expect(view.observations.elementsEqual(expected)) }
      #expect(!view.isPlain)
    }
  }

  @Test("A reply written from buffers is the reply written as a value")
  func replyInPlace() throws {
    var codec = FrameCodec()
    let reply = V1.InferReply(version: 300, rows: 2, outputs: [1, 2, 3, 4], values: [5, 6])
    var buffer = ByteBuffer()
    reply.outputs.withUnsafeBytes { outputs in
      reply.values.withUnsafeBytes { values in
        codec.writeInferReply(
          call: 77, InferReplyParts(version: 300, rows: 2, outputs: outputs, values: values), into: &buffer)
      }
    }
    let expected = codec.bytes(of: V1.Frame(call: 77, .inferReply(reply)))
    #expect(Array(buffer.readableBytesView) == expected)
    try buffer.withUnsafeReadableBytes { bytes in
      let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(FrameHeader.byteCount))
      guard case .infer(let view) = try codec.readReply(payload) else {
        Issue.record("no reply")
        return
      }
      #expect(view.call == 77 && view.version == 300 && view.rows == 2)
      reply.outputs.withUnsafeBytes { expected in #expect(view.outputs.elementsEqual(expected)) }
      reply.values.withUnsafeBytes { expected in #expect(view.values.elementsEqual(expected)) }
    }
  }

  @Test("A query and a reply with fields of a newer schema beside them are read in place too")
  func newerSchema() throws {
    var codec = FrameCodec()
    // Field 1023, three bytes of it.
    let field: [UInt8] = [0xfa, 0x3f, 3, 1, 2, 3]
    let request = V1.InferRequest(model: "m", rows: 1, observations: [1, 2, 3, 4])
    let query = Array(codec.bytes(of: V1.Frame(call: 7, .infer(request))).dropFirst(FrameHeader.byteCount))
    let reply = Array(
      codec.bytes(of: V1.Frame(call: 8, .inferReply(V1.InferReply(version: 3, rows: 1)))).dropFirst(
        FrameHeader.byteCount))
    for (before, after) in [([], field), (field, []), (field, field)] {
      try (before + query + after).withUnsafeBytes { bytes in
        guard case .infer(let view) = try codec.readRequest(bytes) else {
          Issue.record("no query")
          return
        }
        #expect(view.call == 7 && view.rows == 1 && view.observations.elementsEqual([1, 2, 3, 4]))
      }
      try (before + reply + after).withUnsafeBytes { bytes in
        guard case .infer(let view) = try codec.readReply(bytes) else {
          Issue.record("no reply")
          return
        }
        #expect(view.call == 8 && view.version == 3)
      }
    }
  }

  private func varint(_ value: Int) -> [UInt8] {
    var value = value
    var bytes: [UInt8] = []
    while value > 0x7f {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }
}
