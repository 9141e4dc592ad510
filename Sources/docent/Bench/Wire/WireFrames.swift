import Neural
import Wire

/// The bytes that a client of a served policy sends, and how long its answers are.
struct WireFrames: Sendable {
  let load: LoadGenerator.Frames
  /// Observations in every query.
  let rows: Int
  /// Payload bytes of every answer.
  let replyBytes: Int
  private let network: BenchNetwork

  /// - Parameters:
  ///   - model: the served model's name; its alias `stable` answers.
  ///   - version: the version that answers.
  init(_ network: BenchNetwork, model: String, rows: Int, version: UInt64, architecture: PolicyArchitecture) {
    self.network = network
    self.rows = rows
    var codec = FrameCodec()
    load = Self.load(of: Self.query(network, model: model, rows: rows))
    let outputs = rows * architecture.head.parameterWidth
    let reply = V1.InferReply(
      version: version, rows: rows, outputs: [Float](repeating: 1, count: outputs),
      values: [Float](repeating: 1, count: architecture.hasValue ? rows : 0))
    replyBytes = codec.bytes(of: V1.Frame(call: .max, .inferReply(reply))).count - FrameHeader.byteCount
  }

  /// What begins every connection.
  static var hello: [UInt8] {
    var codec = FrameCodec()
    let hello = V1.Hello(protocolNumber: WireLimits.protocolNumber, client: "docent bench")
    return codec.bytes(of: V1.Frame(call: 0, .hello(hello)))
  }

  /// What connections send that ask this query again and again.
  static func load(of query: V1.InferRequest) -> LoadGenerator.Frames {
    var codec = FrameCodec()
    let frame = codec.bytes(of: V1.Frame(call: .max, .infer(query)))
    return LoadGenerator.Frames(preface: hello, request: frame, callOffset: callOffset(in: frame))
  }

  static func query(_ network: BenchNetwork, model: String, rows: Int) -> V1.InferRequest {
    V1.InferRequest(
      model: model, rows: rows, observations: network.observations(rows: rows).withUnsafeBytes { Array($0) })
  }

  /// What a payload begins with: the field of the call's number, a byte of tag and four of number.
  static let callBytes = 5

  /// Where a frame that was written with the call `UInt32.max` holds that number.
  private static func callOffset(in frame: [UInt8]) -> Int {
    // `fixed32 call = 1` comes first: one byte of tag, and the number.
    let offset = FrameHeader.byteCount + 1
    precondition(frame[offset..<offset + 4].allSatisfy { $0 == 0xff }, "a frame begins with its call number")
    return offset
  }

  /// The query's frame, as this call.
  func request(call: UInt32) -> [UInt8] {
    var frame = load.request
    for index in 0..<4 { frame[load.callOffset + index] = UInt8(truncatingIfNeeded: call >> (8 * UInt32(index))) }
    return frame
  }

  /// Asks the query once, and compares the answer with the policy's own, bit for bit, and its length with what is
  /// expected of every answer.
  func check(_ connection: BenchConnection, against policy: InferencePolicy) throws {
    try connection.send(request(call: 1))
    let payload = try connection.receivePayload()
    guard let payload, case .inferReply(let reply) = try connection.read(payload).body else {
      throw BenchFailure("the service's answer is no InferReply")
    }
    var outputs = [Float](repeating: 0, count: rows * policy.policy.architecture.head.parameterWidth)
    var values = [Float](repeating: 0, count: rows)
    policy.forward(
      network.observations(rows: rows), rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
    guard reply.rows == rows, reply.outputs == outputs, reply.values == values else {
      throw BenchFailure(
        "the service answered \(reply.outputs.prefix(4))... \(reply.values.prefix(4))..., expected "
          + "\(outputs.prefix(4))... \(values.prefix(4))...")
    }
    guard payload.count == replyBytes else {
      throw BenchFailure("an answer of \(payload.count) bytes, expected \(replyBytes)")
    }
  }
}
