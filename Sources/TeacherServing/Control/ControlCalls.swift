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
    /// Tells it from a later call of the same key: a change may end when its connection's memory is another's.
    let id: UInt64
    let kind: ControlCall
    let connection: ServerConnection<TeacherLoop>
    let task: Task<Void, Never>?
  }

  private let eventLoop: any EventLoop
  private let control: any ControlPlane
  private let tasksMax: Int
  private var open: [Key: OpenCall] = [:]
  /// Tasks that have not ended; more than calls where changes outlive their callers.
  private(set) var tasks = 0
  private var lastID: UInt64 = 0
  /// Tasks that last for as long as their callers like, by the ids of their calls.
  private var watches: Set<UInt64> = []
  /// What the artefacts of publishes that outlive their callers hold is given back when they end.
  private var outliving: [UInt64: () -> Void] = [:]

  init(eventLoop: any EventLoop, control: any ControlPlane, tasksMax: Int) {
    self.eventLoop = eventLoop
    self.control = control
    self.tasksMax = tasksMax
  }

  func start(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    if let refusal = refusal(request, connection) {
      counts.count(request.kind, refusal.code)
      return connection.refuse(call, rows: 0, refusal)
    }
    let key = Key(connection: ObjectIdentifier(connection), call: call)
    let control = control
    let eventLoop = eventLoop
    // Not the name in `Hello`: histories say who it was, and there anybody may give any.
    let who = connection.access.name.isEmpty ? connection.peer : connection.access.name
    let scopes = connection.access.scopes
    tasks += 1
    lastID += 1
    let id = lastID
    if request.isWatch { watches.insert(id) }
    let bound = NIOLoopBound((self, key), eventLoop: eventLoop)
    let task = Task {
      let end: Result<V1.Body?, WireStatus>
      do {
        let body = try await control.answer(request, who: who, scopes: scopes) { part in
          try await eventLoop.flatSubmit { bound.value.0.send(part, bound.value.1, id) }.get()
        }
        end = .success(body)
      } catch {
        end = .failure(WireStatus(describing: error))
      }
      eventLoop.execute { bound.value.0.finish(bound.value.1, id, end) }
    }
    open[key] = OpenCall(
      id: id, kind: request.kind, connection: connection, task: request.isStream ? task : nil)
    connection.controlCalls += 1
  }

  /// One connection may not take all places, as by watches that it never ends, nor may the watches of all: an operator
  /// who rolls back finds a place.
  private func refusal(_ request: ServerRequest, _ connection: ServerConnection<TeacherLoop>) -> WireStatus? {
    let watchesMax = max(1, tasksMax / 2)
    if request.isWatch, watches.count >= watchesMax {
      return WireStatus(
        .resourceExhausted, "\(watches.count) watches are open on this event loop, expected fewer than \(watchesMax)",
        retryAfterMicroseconds: 100_000)
    }
    let share = max(1, tasksMax / 8)
    let isFull = tasks >= tasksMax
    guard isFull || connection.controlCalls >= share else { return nil }
    return WireStatus(
      .resourceExhausted,
      isFull
        ? "\(tasks) control calls are under way on this event loop, expected fewer"
        : "\(connection.controlCalls) control calls of this connection are under way, expected fewer than \(share)",
      retryAfterMicroseconds: 100_000)
  }

  private func close(_ key: Key) -> OpenCall? {
    guard let call = open.removeValue(forKey: key) else { return nil }
    call.connection.controlCalls -= 1
    return call
  }

  private func send(_ part: V1.Body, _ key: Key, _ id: UInt64) -> EventLoopFuture<Void> {
    guard let call = open[key], call.id == id else { return eventLoop.makeFailedFuture(CancellationError()) }
    return call.connection.send(part: part, of: key.call)
  }

  private func finish(_ key: Key, _ id: UInt64, _ end: Result<V1.Body?, WireStatus>) {
    tasks -= 1
    watches.remove(id)
    outliving.removeValue(forKey: id)?()
    guard open[key]?.id == id, let call = close(key) else { return }
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

  /// Ends the calls of a connection that would last until it gives them up.
  func endWatches(of connection: ServerConnection<TeacherLoop>) {
    let identifier = ObjectIdentifier(connection)
    let status = WireStatus(.unavailable, "the connection ends")
    for (key, call) in open
    where key.connection == identifier && [.health, .watch].contains(call.kind) && call.task != nil {
      end(key, status)
    }
  }

  private func end(_ key: Key, _ status: WireStatus = WireStatus(.cancelled, "the client gave up its call")) {
    guard let call = close(key) else { return }
    call.task?.cancel()
    counts.count(call.kind, status.code)
    if call.kind == .publish { outliving[call.id] = call.connection.keepPublished(key.call) }
    call.connection.refuse(key.call, rows: 0, status)
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
    case .rollout: .rollout
    case .report: .report
    case .watch: .watch
    case .unimplemented: .unimplemented
    }
  }

  /// It is answered until its caller gives it up.
  var isWatch: Bool {
    switch self {
    case .watch: true
    case .health(let request): request.watch
    default: false
    }
  }

  /// Its answer comes in parts.
  var isStream: Bool {
    if case .fetch = self { true } else { isWatch }
  }
}

/// Answers what is no query, off the event loops.
protocol ControlPlane: Sendable {
  /// - Parameters:
  ///   - who: asks, for histories.
  ///   - scopes: what the caller may do. What the kind of call needs was looked at; what this one does may need more.
  ///   - send: sends a part of the answer; returns when the socket has taken it, and throws when nobody waits any more.
  /// - Returns: the answer; nil where its parts were all of it.
  func answer(
    _ request: ServerRequest, who: String, scopes: Scopes, send: @escaping @Sendable (V1.Body) async throws -> Void
  ) async throws -> V1.Body?
}
