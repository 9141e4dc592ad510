import Console
import StudentTraining
import SystemPackage
import Wire

/// How late DEADLINE_EXCEEDED comes to a query that waits behind a long batch of a large network, while the event loop
/// has nothing to do: what its client measures, without the time of a round trip.
struct DeadlineMeasure: WireMeasure {
  private static let network = BenchNetwork.large
  /// Of each of the long calls: one is computed, the other fills the next batch.
  private static let rowsPerCall = 4096
  private static let calls = 2
  private static let deadline = Duration.milliseconds(20)
  /// Queries behind the long calls, one after the other: all of them are over before the calls are.
  private static let queriesPerRound = 2
  private static let roundsPerPair = 5

  let names = ["median", "p99"].map { "deadline of 20 ms on an idle event loop, lateness, \($0)" }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    // A frame of 4096 x 376 fp32 is larger than what is usual.
    let arguments = ["--frame-bytes-max", "\(16 << 20)"]
    return try await BenchModel.served(Self.network, arguments: arguments) { _, teacher in
      let late = try await onOwnThread {
        try Self.measure(port: teacher.port, rounds: effort.pairs * Self.roundsPerPair)
      }
      let sorted = late.microseconds.sorted()
      let p99 = sorted[Int((Double(sorted.count) * 0.99).rounded(.up)) - 1]
      let details = [
        "queries": Double(sorted.count), "answered in time": Double(late.answered), "least": sorted[0] / 1000,
        "most": sorted[sorted.count - 1] / 1000, "ping us": late.pingMicroseconds,
      ]
      return zip(names, [median(sorted), p99]).map { name, microseconds in
        BenchRow(
          bench: "wire", name: name, value: microseconds / 1000, unit: "ms", target: .atMost(1), details: details)
      }
    }
  }

  private struct Lateness: Sendable {
    var microseconds: [Double] = []
    /// Queries that were answered before their time was over: not counted.
    var answered = 0
    var pings: [Double] = []
    var pingMicroseconds: Double { median(pings) }
  }

  private static func measure(port: UInt16, rounds: Int) throws -> Lateness {
    let busy = try BenchConnection(port: port)
    let asking = try BenchConnection(port: port)
    defer {
      busy.close()
      asking.close()
    }
    var late = Lateness()
    for _ in 0..<20 { late.pings.append(try asking.ping() / .microseconds(1)) }
    let long = WireFrames.query(network, model: BenchModel.name, rows: rowsPerCall)
    var short = WireFrames.query(network, model: BenchModel.name, rows: 1)
    short.deadlineMicroseconds = UInt64(deadline / .microseconds(1))
    let progress = ProgressDisplay("bench wire, deadlines", unit: "rounds")
    defer { progress.finish() }
    var call: UInt32 = 0
    for round in 0..<rounds {
      for index in 0..<calls {
        try busy.send(V1.Frame(call: UInt32(round * calls + index + 1), .infer(long)))
      }
      // Answered when all of them were read: from here on the event loop only waits. A long call may be over before.
      try busy.send(V1.Frame(.ping(1)))
      var answers = try answersBeforePong(on: busy, round)
      for _ in 0..<queriesPerRound {
        call += 1
        try waiting(for: "the end of query \(call), whose deadline has passed") {
          try ask(V1.Frame(call: call, .infer(short)), on: asking, &late)
        }
      }
      while answers < calls {
        let answer = try waiting(for: "the answer to a long call of round \(round)") { try busy.receive() }
        guard case .inferReply? = answer?.body else {
          throw BenchFailure("a call of \(rowsPerCall) rows was not answered with them")
        }
        answers += 1
      }
      progress.update(ProgressState(done: round + 1, total: rounds))
    }
    guard !late.microseconds.isEmpty else {
      throw BenchFailure(
        "all of \(late.answered) queries were answered within \(deadline): the network is not slow enough")
    }
    return late
  }

  private static func answersBeforePong(on connection: BenchConnection, _ round: Int) throws -> Int {
    var answers = 0
    while true {
      let frame = try waiting(for: "the Pong behind the long calls of round \(round)") { try connection.receive() }
      switch frame?.body {
      case .pong: return answers
      case .inferReply: answers += 1
      default: throw BenchFailure("a long call was answered by \(String(describing: frame))")
      }
    }
  }

  /// Says what did not come where nothing came.
  private static func waiting<Answer>(for what: String, _ body: () throws -> Answer) throws -> Answer {
    do {
      return try body()
    } catch let error as Errno where error == .timedOut {
      throw BenchFailure("\(what) did not come in \(BenchConnection.patience)")
    }
  }

  private static func ask(_ frame: V1.Frame, on connection: BenchConnection, _ late: inout Lateness) throws {
    let began = ContinuousClock.now
    try connection.send(frame)
    let answer = try connection.receive()
    let took = ContinuousClock.now - began
    switch answer?.body {
    case .status(let status) where status.code == .deadlineExceeded:
      late.microseconds.append((took - deadline) / .microseconds(1) - late.pingMicroseconds)
    case .inferReply: late.answered += 1
    default: throw BenchFailure("a query with a deadline was answered by \(String(describing: answer))")
    }
  }
}
