import Foundation
import StudentTraining
import SystemPackage
import Wire

/// Somebody who uses the service in one way, again and again until the soak is over.
protocol SoakClient: Sendable {
  /// Plays for some hundred milliseconds, or until the soak is over.
  ///
  /// - Throws: what should not have happened.
  func play(_ soak: SoakScene) throws

  /// Between two plays.
  var pause: Duration { get }
}

extension SoakClient {
  /// Plays on a thread of its own until the soak is over.
  func run(_ soak: SoakScene) async throws {
    try await onOwnThread {
      while !soak.isOver.isSet {
        do {
          try play(soak)
        } catch {
          soak.tally.unexpected("\(Self.self): \(error)")
        }
        Thread.sleep(forTimeInterval: pause / .seconds(1))
      }
    }
  }
}

/// What all clients of a soak share.
struct SoakScene: Sendable {
  let port: UInt16
  /// Computed on the event loop, and on a thread of its own.
  let small, large: SoakModel
  let tally = SoakTally()
  let isOver = Latch()

  /// A greeted connection that is closed when `body` has ended.
  func withConnection<Answer>(_ body: (BenchConnection) throws -> Answer) throws -> Answer {
    let connection = try BenchConnection(port: port)
    defer { connection.close() }
    return try body(connection)
  }

  /// Takes the ends of queries that were sent, in whatever order they come.
  ///
  /// - Parameters:
  ///   - open: by call number.
  ///   - accepted: statuses that a query may end with as well.
  ///   - slowly: with a rest after every tenth.
  func settle(
    _ open: [UInt32: SoakQuery], on connection: BenchConnection, accepting accepted: Set<WireStatus.Code> = [],
    slowly: Bool = false
  ) throws {
    var open = open
    var answered = (queries: 0, rows: 0)
    defer { tally.answered(queries: answered.queries, rows: answered.rows) }
    while !open.isEmpty {
      guard let frame = try connection.receive() else {
        throw BenchFailure("the service closed a connection with \(open.count) open calls")
      }
      if case .ping(let payload) = frame.body {
        try connection.send(V1.Frame(.pong(payload)))
        continue
      }
      guard let query = open.removeValue(forKey: frame.call) else {
        throw BenchFailure("call \(frame.call), which is not open, was answered by \(frame.body)")
      }
      if slowly, open.count.isMultiple(of: 10) { Thread.sleep(forTimeInterval: 0.002) }
      switch frame.body {
      case .inferReply(let reply):
        answered.queries += 1
        answered.rows += query.request.rows
        if !query.isRight(reply) { tally.wrong("version \(reply.version) of \(query.model.name), \(reply.rows) rows") }
      case .status(let status) where accepted.contains(status.code): tally.expected(status.code)
      default: throw BenchFailure("a query was answered by \(frame.body)")
      }
    }
  }
}
