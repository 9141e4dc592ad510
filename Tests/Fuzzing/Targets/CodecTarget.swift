import CWire
import Wire

/// A payload is read or refused; what was read and is written again reads as the same; memory stays below its limit.
enum CodecTarget {
  private static let frameBytesMax = 4096

  static func run(_ payload: UnsafeRawBufferPointer) -> CInt {
    guard payload.count <= frameBytesMax else { return -1 }
    var codec = FrameCodec(frameBytesMax: frameBytesMax)
    let value = try? codec.read(payload)
    if let value { requireSame(value, &codec) }
    readAsServer(payload, value, &codec)
    readAsClient(payload, value, &codec)
    boundMemory(payload)
    return 0
  }

  private static func requireSame(_ frame: V1.Frame, _ codec: inout FrameCodec) {
    let bytes = codec.bytes(of: frame)
    do {
      let again = try bytes.dropFirst(FrameHeader.byteCount).withUnsafeBytes { payload throws(DecodingFault) in
        try codec.read(payload)
      }
      // Bytes, not values: NaN differs from itself.
      require(codec.bytes(of: again) == bytes, "\(frame) was written and read as \(again)")
    } catch {
      // Text and lists that were given in pieces may be longer when they are written in one.
      require(bytes.count > frameBytesMax / 2, "\(frame) was written, and cannot be read: \(error)")
    }
  }

  private static func readAsServer(_ payload: UnsafeRawBufferPointer, _ value: V1.Frame?, _ codec: inout FrameCodec) {
    guard let request = try? codec.readRequest(payload) else {
      return require(value == nil, "a server cannot read \(value!)")
    }
    switch request {
    case .other(let frame): require(codec.bytes(of: frame) == codec.bytes(of: value!), "a server reads another frame")
    case .infer(let view):
      let view = (
        V1.InferRequest(
          model: String(decoding: view.model, as: UTF8.self), rows: view.rows, observations: Array(view.observations),
          version: view.version, alias: String(decoding: view.alias, as: UTF8.self),
          deadlineMicroseconds: view.deadlineMicroseconds, elementType: view.elementType, want: view.want,
          episode: view.episode, leaseVersion: view.leaseVersion, minimumVersion: view.minimumVersion,
          actionMode: view.actionMode, actionSeed: view.actionSeed,
          featuresLayer: String(decoding: view.featuresLayer, as: UTF8.self)), call: view.call
      )
      // A text that is no UTF-8 fails the value alone.
      guard let value else { return }
      require(value == V1.Frame(call: view.call, .infer(view.0)), "\(value), in place \(view)")
    }
  }

  private static func readAsClient(_ payload: UnsafeRawBufferPointer, _ value: V1.Frame?, _ codec: inout FrameCodec) {
    guard case .infer(let view)? = try? codec.readReply(payload) else { return }
    let counts = [view.outputs, view.values, view.actions, view.features].map { $0.reduce(0) { $0 &+ Int($1) } }
    guard let value, case .inferReply(let reply) = value.body else {
      return require(value == nil, "\(value!), in place a reply of \(view.rows) rows and \(counts)")
    }
    require(
      view.call == value.call && view.rows == reply.rows && view.version == reply.version
        && view.leaseMoved == reply.leaseMoved && view.outputs.count == reply.outputs.count * 4
        && view.actions.elementsEqual(reply.actions), "\(value), in place a reply of \(view.rows) rows")
  }

  /// An arena holds no more than its limit says, whatever protobuf-c asks of it.
  private static func boundMemory(_ payload: UnsafeRawBufferPointer) {
    let first = 256
    let limit = 3 * payload.count + 64
    let arena = docent_arena_new(first)
    docent_arena_reset(arena, limit)
    _ = docent__v1__frame__unpack(
      docent_arena_allocator(arena), payload.count, payload.assumingMemoryBound(to: UInt8.self).baseAddress)
    let held = docent_arena_held(arena)
    require(held <= max(limit, first), "an arena holds \(held) bytes, at most \(limit) are allowed")
    docent_arena_free(arena)
  }
}
