import Wire

/// The bytes that a client of a served CartPole policy sends, and how long its answers are.
struct WireFrames: Sendable {
  /// One observation, somewhere inside CartPole's space.
  static let observation: [Float] = [0.03, -0.21, -0.04, 0.27]

  let load: LoadGenerator.Frames
  /// Payload bytes of every answer.
  let replyBytes: Int

  /// - Parameters:
  ///   - model: the served model's name; its alias `stable` answers.
  ///   - version: the version that answers.
  ///   - parameterWidth: floats of a row of its outputs.
  init(model: String, version: UInt64, parameterWidth: Int) {
    var codec = FrameCodec()
    let hello = V1.Hello(protocolNumber: WireLimits.protocolNumber, client: "docent bench")
    let query = V1.InferRequest(model: model, rows: 1, observations: Self.observation.withUnsafeBytes { Array($0) })
    let frame = codec.bytes(of: V1.Frame(call: .max, .infer(query)))
    // `fixed32 call = 1` comes first: one byte of tag, and the number.
    let callOffset = FrameHeader.byteCount + 1
    precondition(frame[callOffset..<callOffset + 4].allSatisfy { $0 == 0xff }, "a frame begins with its call number")
    load = LoadGenerator.Frames(
      preface: codec.bytes(of: V1.Frame(call: 0, .hello(hello))), request: frame, callOffset: callOffset)
    let reply = V1.InferReply(
      version: version, rows: 1, outputs: [Float](repeating: 1, count: parameterWidth), values: [1])
    replyBytes = codec.bytes(of: V1.Frame(call: .max, .inferReply(reply))).count - FrameHeader.byteCount
  }

  /// Reads an answer's payload.
  /// - Throws: `WireStatus` when the service refused the query, or answered something else.
  static func answer(in payload: [UInt8]) throws -> V1.InferReply {
    var codec = FrameCodec()
    let frame: V1.Frame
    do { frame = try payload.withUnsafeBytes { bytes in try codec.read(bytes) } } catch {
      throw (error as? DecodingFault)?.status ?? WireStatus(describing: error)
    }
    switch frame.body {
    case .inferReply(let reply): return reply
    case .status(let status): throw status
    default: throw LoadGenerator.Failure(description: "the service's answer is no InferReply")
    }
  }
}
