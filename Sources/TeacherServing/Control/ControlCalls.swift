import NIOCore
import Wire

/// The calls of one event loop that the control plane answers, each in a task of its own.
///
/// A call that is cancelled, or whose connection has closed, is answered at once. A change that it asked for goes on, so
/// that it is made wholly or not at all; parts of an answer end.
final class ControlCalls {
  private struct Key: Hashable {
    let connection: ObjectIdentifier
    let call: UInt32
  }

  private(set) var counts = ControlCounts()

  private struct OpenCall {
    let kind: ControlCall
    let connection: ServerConnection<TeacherLoop>
    let task: Task<Void, Never>?
  }

  private let eventLoop: any EventLoop
  private let control: any ControlPlane
  private let tasksMax: Int
  private var open: [Key: OpenCall] = [:]
  /// Tasks that have not ended; more than calls where changes outlive their callers.
  private var tasks = 0

  init(eventLoop: any EventLoop, control: any ControlPlane, tasksMax: Int) {
    self.eventLoop = eventLoop
    self.control = control
    self.tasksMax = tasksMax
  }

  func start(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    guard tasks < tasksMax else {
      counts.count(request.kind, .resourceExhausted)
      return connection.refuse(
        call, rows: 0,
        WireStatus(
          .resourceExhausted, "\(tasks) control calls are under way on this event loop, expected fewer",
          retryAfterMicroseconds: 100_000))
    }
    let key = Key(connection: ObjectIdentifier(connection), call: call)
    let control = control
    let eventLoop = eventLoop
    let who = connection.access.name.isEmpty ? connection.client : connection.access.name
    let bound = NIOLoopBound((self, key), eventLoop: eventLoop)
    tasks += 1
    let task = Task {
      let end: Result<V1.Body?, WireStatus>
      do {
        let body = try await control.answer(request, who: who) { part in
          try await eventLoop.flatSubmit { bound.value.0.send(part, bound.value.1) }.get()
        }
        end = .success(body)
      } catch {
        end = .failure(WireStatus(describing: error))
      }
      eventLoop.execute { bound.value.0.finish(bound.value.1, end) }
    }
    open[key] = OpenCall(kind: request.kind, connection: connection, task: request.isStream ? task : nil)
  }

  private func send(_ part: V1.Body, _ key: Key) -> EventLoopFuture<Void> {
    guard let call = open[key] else { return eventLoop.makeFailedFuture(CancellationError()) }
    return call.connection.send(part: part, of: key.call)
  }

  private func finish(_ key: Key, _ end: Result<V1.Body?, WireStatus>) {
    tasks -= 1
    guard let call = open.removeValue(forKey: key) else { return }
    switch end {
    case .success(let body?): call.connection.answer(key.call, with: body)
    case .success(nil): call.connection.finish(key.call)
    case .failure(let status): call.connection.refuse(key.call, rows: 0, status)
    }
    if case .failure(let status) = end { counts.count(call.kind, status.code) } else { counts.count(call.kind, .ok) }
  }

  func cancel(call: UInt32, of connection: ServerConnection<TeacherLoop>) {
    end(Key(connection: ObjectIdentifier(connection), call: call))
  }

  func cancelAll(of connection: ServerConnection<TeacherLoop>) {
    let identifier = ObjectIdentifier(connection)
    for key in open.keys where key.connection == identifier { end(key) }
  }

  private func end(_ key: Key) {
    guard let call = open.removeValue(forKey: key) else { return }
    call.task?.cancel()
    counts.count(call.kind, .cancelled)
    call.connection.refuse(key.call, rows: 0, WireStatus(.cancelled, "the client gave up its call"))
  }
}

extension ServerRequest {
  /// What it is counted as.
  var kind: ControlCall {
    switch self {
    case .describe: .describe
    case .health: .health
    case .listModels: .list
    case .alias: .alias
    case .history: .history
    case .verify: .verify
    case .publish: .publish
    case .fetch: .fetch
    case .unimplemented: .unimplemented
    }
  }

  /// Its answer comes in parts.
  var isStream: Bool {
    switch self {
    case .fetch: true
    case .health(let request): request.watch
    default: false
    }
  }
}

/// Answers what is no query, off the event loops.
protocol ControlPlane: Sendable {
  /// - Parameters:
  ///   - who: asks, for histories.
  ///   - send: sends a part of the answer; returns when the socket has taken it, and throws when nobody waits any more.
  /// - Returns: the answer; nil where its parts were all of it.
  func answer(
    _ request: ServerRequest, who: String, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body?
}
