import Wire

/// A connection that asks many calls at once, and has their answers in the order in which they were asked. Blocks its
/// thread.
final class CallPipeline {
  private let connection: BenchConnection
  private var last: UInt32 = 0

  /// As many as one connection may have open, of queries and of other calls.
  static let queriesMax = 1000
  static let controlCallsMax = 100

  init(port: UInt16) throws {
    connection = try BenchConnection(port: port)
  }

  deinit { connection.close() }

  func infer(_ queries: [V1.InferRequest]) throws -> [V1.InferReply] {
    try answers(to: queries.map { .infer($0) }).map { body in
      guard case .inferReply(let reply) = body else { throw BenchFailure("a query was answered by \(body)") }
      return reply
    }
  }

  func report(_ reports: [V1.ReportRequest]) throws {
    for start in stride(from: 0, to: reports.count, by: Self.controlCallsMax) {
      let some = reports[start..<min(start + Self.controlCallsMax, reports.count)]
      for body in try answers(to: some.map { .report($0) }) {
        guard case .reportReply = body else { throw BenchFailure("a report was answered by \(body)") }
      }
    }
  }

  func rollout(_ action: V1.RolloutAction) throws -> V1.RolloutReply {
    let body = try answers(to: [.rollout(V1.RolloutRequest(model: RolloutScene.model, action: action))])[0]
    guard case .rolloutReply(let reply) = body else {
      throw BenchFailure("a question about a rollout was answered by \(body)")
    }
    return reply
  }

  private func answers(to bodies: [V1.Body]) throws -> [V1.Body] {
    let first = last + 1
    try connection.send(bodies.enumerated().map { V1.Frame(call: first + UInt32($0.offset), $0.element) })
    last += UInt32(bodies.count)
    var answers = [V1.Body?](repeating: nil, count: bodies.count)
    var missing = bodies.count
    while missing > 0 {
      guard let frame = try connection.receive() else {
        throw BenchFailure("the service closed a connection with \(missing) open calls")
      }
      if case .ping(let payload) = frame.body {
        try connection.send(V1.Frame(.pong(payload)))
        continue
      }
      let index = Int(frame.call) - Int(first)
      guard answers.indices.contains(index), answers[index] == nil else {
        throw BenchFailure("call \(frame.call), which is not open, was answered by \(frame.body)")
      }
      answers[index] = frame.body
      missing -= 1
    }
    return answers.compactMap { $0 }
  }
}
