import CLoad
import Foundation
import Synchronization
import Testing

@Suite struct LoadTests {
  /// What a test changes of a short load with one connection and one call in flight.
  struct Plan {
    var port: UInt16
    var connections: UInt32 = 1
    var depth: UInt32 = 1
    var preface: [UInt8] = []
    var prefaceReplies: UInt32 = 0
    var request = frame([0x0d, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    var callOffset: Int32 = 6
    var replyBytesMin: UInt32 = 0
    // Where a run is to end by itself the calls end it; the time is only a bound.
    var seconds = 60.0
    var callsMax: UInt64 = 200
    var answers: [[UInt8]] = []

    func run() -> (code: Int32, result: cload_result, problem: String) {
      var result = cload_result()
      let code = preface.withUnsafeBufferPointer { preface in
        request.withUnsafeBufferPointer { request in
          answers.flatMap { $0 }.withUnsafeBufferPointer { right in
            var plan = cload_plan(
              port: port, connections: connections, depth: depth, warmup_seconds: 0, seconds: seconds,
              calls_max: callsMax, preface: preface.baseAddress, preface_bytes: preface.count,
              preface_replies: prefaceReplies, request: request.baseAddress, request_bytes: request.count,
              call_offset: callOffset, reply_bytes_min: replyBytesMin, answers: right.baseAddress,
              answer_count: UInt32(answers.count), answer_bytes: UInt32(answers.first?.count ?? 0),
              answer_skip: answers.isEmpty ? 0 : 5)
            return cload_run(&plan, &result)
          }
        }
      }
      let problem = withUnsafeBytes(of: result.problem) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return (code, result, problem)
    }
  }

  /// The echo on a thread of its own, until `body` returns.
  func withEcho(replyBytes: UInt32, _ body: (UInt16) throws -> Void) throws {
    var port: UInt16 = 0
    let listener = cload_listen(&port)
    #expect(listener >= 0)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let ended = DispatchSemaphore(value: 0)
    let untilClosed = ends[0]
    let code = Mutex<Int32>(-1)
    Thread.detachNewThread {
      let answer = cload_echo(listener, replyBytes, untilClosed)
      code.withLock { $0 = answer }
      ended.signal()
    }
    do {
      defer {
        close(ends[1])
        ended.wait()
      }
      try body(port)
    }
    #expect(code.withLock { $0 } == 0)
    close(listener)
    close(untilClosed)
  }

  @Test func everyFrameIsAnsweredByOneOfTheSizeAskedFor() throws {
    try withEcho(replyBytes: 37) { port in
      for (connections, depth) in [(1, 1), (8, 16)] as [(UInt32, UInt32)] {
        let (code, result, problem) = Plan(port: port, connections: connections, depth: depth).run()
        #expect(code == 0, "\(problem)")
        #expect(result.calls >= 200)
        #expect(result.reply_bytes_least == 37 && result.reply_bytes_most == 37)
        #expect(result.captured_bytes == 37)
        #expect(result.refusals == 0)
        #expect(0 < result.p50_us && result.p50_us <= result.p99_us)
        #expect(result.p99_us <= result.p999_us && result.p999_us <= result.max_us * 1.01)
      }
    }
  }

  @Test func repliesLargerThanABufferCome() throws {
    try withEcho(replyBytes: 3 << 20) { port in
      let (code, result, problem) = Plan(port: port, depth: 3, callsMax: 6).run()
      #expect(code == 0, "\(problem)")
      #expect(result.calls >= 6 && result.reply_bytes_least == 3 << 20)
      #expect(result.captured_bytes == 0)
    }
  }

  @Test func callsAreNumberedFromOneAndThePrefaceIsSentOnce() {
    let seen = Mutex<[[UInt8]]>([])
    let server = ScriptedServer { connection in
      while let payload = connection.readFrame() {
        seen.withLock { $0.append(payload) }
        // One byte at a time: a reply counts when all of it is there.
        for byte in frame(payload) { connection.write([byte]) }
      }
    }
    let plan = Plan(port: server.port, depth: 4, preface: frame(Array("hello".utf8)), prefaceReplies: 1)
    let (code, result, problem) = plan.run()
    server.finish()
    #expect(code == 0, "\(problem)")
    let frames = seen.withLock { $0 }
    #expect(frames.first == Array("hello".utf8))
    let expected = (1..<UInt32(frames.count)).map { call in
      [0x0d] + (0..<4).map { UInt8(truncatingIfNeeded: call >> (8 * $0)) } + [1, 2, 3]
    }
    #expect(Array(frames.dropFirst()) == expected)
    // The greeting's answer is no call's.
    #expect(result.reply_bytes_least == 8)
    // Never more than the depth in flight.
    #expect(result.calls <= UInt64(frames.count - 1) && UInt64(frames.count - 1) <= result.calls + 4)
  }

  @Test func shortRepliesAreRefusalsAndTheFirstIsKept() {
    let server = ScriptedServer { connection in
      var answered = 0
      while connection.readFrame() != nil {
        answered += 1
        connection.writeFrame(answered == 3 ? Array("no".utf8) : [UInt8](repeating: 7, count: 40))
      }
    }
    let (code, result, _) = Plan(port: server.port, replyBytesMin: 40).run()
    server.finish()
    #expect(code == 0)
    #expect(result.refusals == 1)
    #expect(result.reply_bytes_least == 2 && result.reply_bytes_most == 40)
    #expect(withUnsafeBytes(of: result.captured) { Array($0.prefix(Int(result.captured_bytes))) } == Array("no".utf8))
  }

  @Test func repliesAreToldApartByWhatFollowsTheCall() {
    let server = ScriptedServer { connection in
      var answered = 0
      while let payload = connection.readFrame() {
        answered += 1
        let tail: [UInt8] =
          switch answered {
          case 3: [1, 8]
          case 4: [1, 7, 7]
          case 5...7: [2, 9]
          default: [1, 7]
          }
        connection.writeFrame(payload.prefix(5) + tail)
      }
    }
    let plan = Plan(
      port: server.port, callsMax: 20,
      answers: [[0, 0, 0, 0, 0, 1, 7], [0, 0, 0, 0, 0, 2, 9], [0, 0, 0, 0, 0, 3, 3]])
    let (code, result, problem) = plan.run()
    server.finish()
    #expect(code == 0, "\(problem)")
    #expect(result.calls == 20 && result.wrong == 2 && result.uncompared == 0)
    #expect(result.answered.0 == 15 && result.answered.1 == 3 && result.answered.2 == 0)
  }

  @Test func aServerThatClosesFailsTheRun() {
    let server = ScriptedServer { connection in
      for _ in 0..<3 where connection.readFrame() != nil { connection.writeFrame([1]) }
    }
    let (code, _, problem) = Plan(port: server.port).run()
    server.finish()
    #expect(code == 1)
    #expect(problem.contains("closed a connection after 3 calls"), "\(problem)")
  }

  @Test func aServerThatAnswersNothingFailsTheRun() {
    let server = ScriptedServer { connection in while connection.readFrame() != nil {} }
    let (code, _, problem) = Plan(port: server.port, seconds: 0.02).run()
    server.finish()
    #expect(code == 1)
    #expect(problem.contains("0 calls answered, 1 of 1 connections greeted"), "\(problem)")
  }

  @Test func theClockBeginsWhenAllAreGreeted() {
    let server = ScriptedServer { connection in
      _ = connection.readFrame()
      // A server that is slow to greet: twenty times as slow as the run is long.
      usleep(20_000)
      connection.writeFrame([])
      while connection.readFrame() != nil { connection.writeFrame([1]) }
    }
    let plan = Plan(port: server.port, preface: frame([1]), prefaceReplies: 1, seconds: 0.001, callsMax: 0)
    let (code, result, problem) = plan.run()
    server.finish()
    #expect(code == 0, "\(problem)")
    #expect(result.calls > 0)
  }

  @Test func aReplyToNoCallFailsTheRun() {
    let server = ScriptedServer { connection in
      _ = connection.readFrame()
      connection.write(frame([1]) + frame([2]))
      while connection.readFrame() != nil {}
    }
    let (code, _, problem) = Plan(port: server.port).run()
    server.finish()
    #expect(code == 1)
    #expect(problem.contains("no call"), "\(problem)")
  }

  @Test func nobodyAtThePortFailsTheRun() {
    var port: UInt16 = 0
    close(cload_listen(&port))
    let (code, _, problem) = Plan(port: port).run()
    #expect(code == 1)
    #expect(problem.contains("Connection refused"), "\(problem)")
  }
}
