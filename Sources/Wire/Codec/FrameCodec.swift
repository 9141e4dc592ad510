import CWire
public import NIOCore

/// Frames to bytes and back, through protobuf-c and an arena of its own.
///
/// One a connection or one an event loop: it belongs to one thread at a time. Memory of what was read is reused by the
/// next call of any function here, so a view is used before that.
public struct FrameCodec: ~Copyable {
  private let arena: Arena
  private let unpackedBytesMax: Int

  /// - Parameter frameBytesMax: payload bytes of the largest frame that will be read. Unpacked, it may take eight times
  ///   as much: a repeated field's two bytes become a struct.
  public init(frameBytesMax: Int = WireLimits.defaults.frameBytesMax) {
    arena = Arena(firstBytes: 8 << 10)
    unpackedBytesMax = frameBytesMax > .max / 8 - 65536 ? .max : frameBytesMax * 8 + 65536
  }

  // MARK: Reading

  /// What a server reads: queries in place, everything else as values.
  public enum Request {
    case infer(InferRequestView)
    case other(V1.Frame)
  }

  /// What a client reads: replies to queries in place, everything else as values.
  public enum Reply {
    case infer(InferReplyView)
    case other(V1.Frame)
  }

  /// Reads a frame's payload as a server.
  public mutating func readRequest(_ payload: UnsafeRawBufferPointer) throws(DecodingFault) -> Request {
    if let raw = unpackQuery(payload), raw.pointee.body_case == DOCENT__V1__QUERY_FRAME__BODY_INFER {
      return .infer(InferRequestView(call: raw.pointee.call, raw: raw.pointee.infer))
    }
    let raw = try unpack(payload)
    // A query, with fields of a newer schema beside it.
    if raw.pointee.body_case == DOCENT__V1__FRAME__BODY_INFER {
      return .infer(InferRequestView(call: raw.pointee.call, raw: raw.pointee.infer))
    }
    return .other(try frame(raw))
  }

  /// Reads a frame's payload as a client.
  public mutating func readReply(_ payload: UnsafeRawBufferPointer) throws(DecodingFault) -> Reply {
    if let raw = unpackQuery(payload), raw.pointee.body_case == DOCENT__V1__QUERY_FRAME__BODY_INFER_REPLY {
      return .infer(InferReplyView(call: raw.pointee.call, raw: raw.pointee.infer_reply))
    }
    let raw = try unpack(payload)
    // A reply, with fields of a newer schema beside it.
    if raw.pointee.body_case == DOCENT__V1__FRAME__BODY_INFER_REPLY {
      return .infer(InferReplyView(call: raw.pointee.call, raw: raw.pointee.infer_reply))
    }
    return .other(try frame(raw))
  }

  /// Reads a frame's payload as a value.
  public mutating func read(_ payload: UnsafeRawBufferPointer) throws(DecodingFault) -> V1.Frame {
    try frame(try unpack(payload))
  }

  /// - Returns: the frame of a query or a reply, nil where it is another, or none.
  private func unpackQuery(_ payload: UnsafeRawBufferPointer) -> UnsafePointer<Docent__V1__QueryFrame>? {
    arena.reset(limit: unpackedBytesMax)
    guard let raw = docent__v1__query_frame__unpack(arena.allocator, payload.count, Self.bytes(payload)),
      raw.pointee.base.n_unknown_fields == 0
    else { return nil }
    return UnsafePointer(raw)
  }

  private func unpack(_ payload: UnsafeRawBufferPointer) throws(DecodingFault) -> UnsafePointer<Docent__V1__Frame> {
    arena.reset(limit: unpackedBytesMax)
    guard let raw = docent__v1__frame__unpack(arena.allocator, payload.count, Self.bytes(payload)) else {
      throw .frame(
        arena.isExhausted ? .tooCostly(byteCount: payload.count) : .unparseable(byteCount: payload.count))
    }
    return UnsafePointer(raw)
  }

  private static func bytes(_ payload: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
    payload.assumingMemoryBound(to: UInt8.self).baseAddress
  }

  private func frame(_ raw: UnsafePointer<Docent__V1__Frame>) throws(DecodingFault) -> V1.Frame {
    do {
      return V1.Frame(call: raw.pointee.call, try V1.Body(raw.pointee))
    } catch {
      throw .call(raw.pointee.call, error.status)
    }
  }

  // MARK: Writing

  /// Appends a whole frame, header included.
  public mutating func write(_ frame: V1.Frame, into buffer: inout ByteBuffer) {
    arena.reset()
    let raw = arena.make(Docent__V1__Frame.self, docent__v1__frame__init)
    raw.pointee.call = frame.call
    frame.body.pack(into: raw, arena)
    write(raw, into: &buffer)
  }

  /// A whole frame, header included.
  public mutating func bytes(of frame: V1.Frame) -> [UInt8] {
    var buffer = ByteBuffer()
    write(frame, into: &buffer)
    return Array(buffer.readableBytesView)
  }

  /// Appends a reply to a query, reading the numbers where they are.
  public mutating func writeInferReply(call: UInt32, _ parts: InferReplyParts, into buffer: inout ByteBuffer) {
    var reply = Docent__V1__InferReply()
    docent__v1__infer_reply__init(&reply)
    reply.version = parts.version
    reply.rows = UInt32(truncatingIfNeeded: parts.rows)
    reply.outputs = Self.data(parts.outputs)
    reply.values = Self.data(parts.values)
    var bytes = parts.outputs.count &+ parts.values.count
    if let extras = parts.extras {
      reply.actions = Self.data(extras.actions)
      reply.features = Self.data(extras.features)
      reply.lease_moved = extras.leaseMoved ? 1 : 0
      bytes &+= extras.actions.count &+ extras.features.count
    }
    withUnsafeMutablePointer(to: &reply) { reply in
      var frame = Docent__V1__QueryFrame()
      docent__v1__query_frame__init(&frame)
      frame.call = call
      frame.body_case = DOCENT__V1__QUERY_FRAME__BODY_INFER_REPLY
      frame.infer_reply = reply
      Self.write(&frame, payloadBytesMax: Self.replyBytesMax + bytes, into: &buffer)
    }
  }

  /// Appends a query whose observations are read where they are. `request.observations` is not looked at.
  public mutating func writeInfer(
    call: UInt32, _ request: V1.InferRequest, observations: UnsafeRawBufferPointer, into buffer: inout ByteBuffer
  ) {
    arena.reset()
    var request = request
    request.observations = []
    let infer = request.packed(arena)
    infer.pointee.observations = Self.data(observations)
    var frame = Docent__V1__QueryFrame()
    docent__v1__query_frame__init(&frame)
    frame.call = call
    frame.body_case = DOCENT__V1__QUERY_FRAME__BODY_INFER
    frame.infer = infer
    let texts = request.model.utf8.count + request.alias.utf8.count + request.featuresLayer.utf8.count
    Self.write(&frame, payloadBytesMax: Self.queryBytesMax + texts + observations.count, into: &buffer)
  }

  /// Bytes of a query's frame without its texts and observations, and of a reply's without its numbers: at most 15 fields
  /// with tags of one byte and varints of at most 10, in two messages.
  private static let queryBytesMax = 2 * 15 * 11
  private static let replyBytesMax = 2 * 15 * 11

  /// Packs a query's frame once: protobuf-c would go through all its fields another time to tell its size beforehand.
  private static func write(
    _ frame: inout Docent__V1__QueryFrame, payloadBytesMax: Int, into buffer: inout ByteBuffer
  ) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameHeader.byteCount + payloadBytesMax) { bytes in
      let payload = bytes.baseAddress.unsafelyUnwrapped + FrameHeader.byteCount
      let payloadBytes = docent__v1__query_frame__pack(&frame, payload.assumingMemoryBound(to: UInt8.self))
      precondition(payloadBytes <= payloadBytesMax, "a query's frame is no larger than its fields")
      bytes.storeBytes(of: 0, as: UInt8.self)
      bytes.storeBytes(of: UInt32(payloadBytes).bigEndian, toByteOffset: 1, as: UInt32.self)
      return FrameHeader.byteCount + payloadBytes
    }
  }

  private func write(_ frame: UnsafeMutablePointer<Docent__V1__Frame>, into buffer: inout ByteBuffer) {
    let payloadBytes = docent__v1__frame__get_packed_size(frame)
    precondition(payloadBytes <= Int(UInt32.max), "a frame's length has 32 bits")
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(payloadBytes))
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payloadBytes) { bytes in
      docent__v1__frame__pack(frame, bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    }
  }

  // protobuf-c's struct has no const; packing only reads.
  private static func data(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
    ProtobufCBinaryData(
      len: bytes.count,
      data: UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress))
  }
}

/// Why a payload could not be read.
public enum DecodingFault: Error, Hashable, Sendable {
  /// It is no frame: the connection ends.
  case frame(FrameRefusal)
  /// It is a frame of this call with a field that cannot be used: the call ends.
  case call(UInt32, WireStatus)

  public var status: WireStatus {
    switch self {
    case .frame(let refusal): refusal.status
    case .call(_, let status): status
    }
  }
}
