import NIOCore
import Wire

/// Answers each call once, in any order, at any time, in every way that there is.
final class ScriptedService: ConnectionService {
  private struct Open {
    /// Not retained, as a service may: a connection outlives its open calls.
    var connection: Unmanaged<ServerConnection<ScriptedService>>
    var call: UInt32
    /// 0: no query.
    var rows: Int
  }

  private var script: Script
  private var open: [Open] = []
  /// Every call that was handed over.
  private(set) var handed: Set<UInt32> = []

  init(_ script: Script) { self.script = script }

  func infer(_ query: InferRequestView, on connection: ServerConnection<ScriptedService>) {
    let limits = ServerTarget.limits
    require((1...limits.rowsPerCallMax).contains(query.rows), "a query of \(query.rows) rows was handed over")
    // Every byte of the view is there.
    _ = (Array(query.model), Array(query.alias), Array(query.featuresLayer), Array(query.observations))
    take(query.call, rows: query.rows, connection)
    require(open.reduce(0) { $0 + $1.rows } <= limits.rowsInFlightMax, "rows beyond the limit are in flight")
    connection.loop.needsTurn()
  }

  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<ScriptedService>) {
    if case .publish(let header, let artefact) = request {
      require(UInt64(artefact.count) == header.artefactBytes, "an artefact of another size than announced")
    }
    take(call, rows: 0, connection)
    if script.once(in: 2) { answerOne() }
  }

  private func take(_ call: UInt32, rows: Int, _ connection: ServerConnection<ScriptedService>) {
    require(handed.insert(call).inserted, "call \(call) was handed over twice")
    open.append(Open(connection: .passUnretained(connection), call: call, rows: rows))
    require(open.count <= ServerTarget.limits.callsInFlightMax, "calls beyond the limit are in flight")
  }

  func cancel(call: UInt32, on connection: ServerConnection<ScriptedService>) {
    guard let index = open.firstIndex(where: { $0.call == call }) else { return }
    let call = open.remove(at: index)
    connection.refuse(call.call, rows: call.rows, WireStatus(.cancelled, "given up"))
  }

  func abandon(_ connection: ServerConnection<ScriptedService>) {
    if script.once(in: 2) { answerAll() }
  }

  /// None of these calls lasts until its caller gives it up.
  func endWatches(of connection: ServerConnection<ScriptedService>) {}

  func runTurn() { answerSome() }
  func turnWritten() {}
  var backlogMicroseconds: UInt64 { UInt64(open.count) }

  func answerSome() {
    while !open.isEmpty, !script.once(in: 3) { answerOne() }
  }

  func answerAll() {
    while !open.isEmpty { answerOne() }
  }

  private func answerOne() {
    let next = open.remove(at: script.draw(open.count))
    next.connection._withUnsafeGuaranteedRef { connection in
      if script.once(in: 4) {
        connection.refuse(next.call, rows: next.rows, WireStatus(.unavailable, "not now"))
      } else if next.rows > 0 {
        reply(to: next, on: connection)
      } else {
        if script.once(in: 3) {
          connection.send(part: .chunk(V1.Chunk(data: [1, 2, 3])), of: next.call).whenComplete { _ in }
        }
        connection.answer(next.call, with: .healthReply(V1.HealthReply(serving: .serving)))
      }
    }
  }

  private func reply(to call: Open, on connection: ServerConnection<ScriptedService>) {
    let numbers = [Float](repeating: 0.5, count: call.rows)
    numbers.withUnsafeBytes { bytes in
      var parts = InferReplyParts(version: 1, rows: call.rows, outputs: bytes, values: bytes)
      if script.once(in: 2) {
        var extras = InferReplyParts.Extras()
        extras.actions = bytes
        parts.extras = extras
      }
      connection.reply(to: call.call, parts)
    }
  }
}
