import CLoad
import StudentTraining
import Wire

/// The C load of `CLoad`, as Swift values: a fixed number of calls in flight on each of some loopback connections.
struct LoadGenerator: Sendable {
  /// What every connection sends.
  struct Frames: Sendable {
    /// Sent once on connecting, and answered by one frame.
    var preface: [UInt8]
    /// One whole request frame.
    var request: [UInt8]
    /// Where `request` holds its call number, a little-endian 32-bit word.
    var callOffset: Int
  }

  var frames: Frames
  var warmupSeconds = 0.1
  var seconds = 0.5
  /// Ends a run as soon as so many calls were answered; 0: only the time does.
  var callsMax: UInt64 = 0
  /// Payload bytes; a shorter reply is a refusal, and fails the run.
  var replyBytesMin = 0
  /// Payloads that are right, all of one length; what is none of them is counted. Empty: nothing is compared.
  var answers: [[UInt8]] = []

  struct Measurement: Sendable {
    var callsPerSecond: Double
    var p50Microseconds, p99Microseconds, p999Microseconds, mostMicroseconds: Double
    /// Payload bytes of the shortest and of the longest reply.
    var replyBytes: ClosedRange<Int>
    /// The payload of the first reply.
    var firstReply: [UInt8]
    /// Replies, the warm-up's included: of each right answer, and of none of them.
    var answered: [Int]
    var wrong: Int
    /// Replies that came in pieces, and were not looked at.
    var uncompared: Int
  }

  /// Runs the load on a thread of its own.
  func run(port: UInt16, connections: Int, depth: Int) async throws -> Measurement {
    try await onOwnThread { try measure(port: port, connections: connections, depth: depth) }
  }

  /// Runs the load on the calling thread.
  ///
  /// - Precondition: at most `CLOAD_ANSWERS_MAX` right answers, of one length.
  func measure(port: UInt16, connections: Int, depth: Int) throws -> Measurement {
    var result = cload_result()
    let failed = frames.preface.withUnsafeBufferPointer { preface in
      frames.request.withUnsafeBufferPointer { request in
        answers.flatMap { $0 }.withUnsafeBufferPointer { right in
          var plan = cload_plan(
            port: port, connections: UInt32(connections), depth: UInt32(depth), warmup_seconds: warmupSeconds,
            seconds: seconds, calls_max: callsMax, preface: preface.baseAddress, preface_bytes: preface.count,
            preface_replies: preface.isEmpty ? 0 : 1, request: request.baseAddress, request_bytes: request.count,
            call_offset: Int32(frames.callOffset), reply_bytes_min: UInt32(replyBytesMin), answers: right.baseAddress,
            answer_count: UInt32(answers.count), answer_bytes: UInt32(answers.first?.count ?? 0),
            answer_skip: answers.isEmpty ? 0 : UInt32(WireFrames.callBytes))
          return cload_run(&plan, &result) != 0
        }
      }
    }
    if failed { throw BenchFailure(Self.text(of: result)) }
    if result.refusals > 0 {
      throw BenchFailure("\(result.refusals) replies had \(result.reply_bytes_least) bytes, expected \(replyBytesMin)")
    }
    return Measurement(
      callsPerSecond: Double(result.calls) / result.seconds, p50Microseconds: result.p50_us,
      p99Microseconds: result.p99_us, p999Microseconds: result.p999_us, mostMicroseconds: result.max_us,
      replyBytes: Int(result.reply_bytes_least)...Int(result.reply_bytes_most),
      firstReply: withUnsafeBytes(of: &result.captured) { Array($0.prefix(Int(result.captured_bytes))) },
      answered: withUnsafeBytes(of: &result.answered) {
        $0.bindMemory(to: UInt64.self).prefix(answers.count).map { Int($0) }
      }, wrong: Int(result.wrong), uncompared: Int(result.uncompared))
  }

  private static func text(of result: cload_result) -> String {
    withUnsafeBytes(of: result.problem) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
