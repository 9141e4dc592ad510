import NIOCore
import Synchronization

/// A call whose answers come until somebody ends it; where its connection is lost it is asked again, on another.
struct LastingCall<Part: Sendable> {
  private let client: TeacherClient
  private let request: V1.Body
  private let name: String
  private let unreadMax: Int
  private let read: @Sendable (V1.Body) -> Part?
  private var stream: Stream?
  /// Attempts in a row that brought nothing.
  private var failures = 0

  /// - Parameters:
  ///   - name: in the failure where the server answers with what is no part.
  ///   - unreadMax: parts that wait to be read; of more the oldest go.
  ///   - read: nil for what is no part of this call's answer.
  init(
    _ request: V1.Body, _ name: String, unreadMax: Int, _ client: TeacherClient,
    read: @escaping @Sendable (V1.Body) -> Part?
  ) {
    self.request = request
    self.name = name
    self.unreadMax = unreadMax
    self.client = client
    self.read = read
  }

  /// - Throws: ``WireStatus`` where the server refuses the call, the client is closed or the task is cancelled.
  mutating func next(_ actor: isolated (any Actor)?) async throws(WireStatus) -> Part {
    while true {
      do {
        let part = try await open(actor).next()
        failures = 0
        return part
      } catch {
        stream = nil
        try await wait(after: error, actor)
      }
    }
  }

  private mutating func open(_ actor: isolated (any Actor)?) async throws(AttemptFailure) -> Stream {
    if let stream { return stream }
    let connection = try await client.pool.ready(CallOptions(deadline: nil, waitForReady: true))
    let stream = Stream(request, to: PartReceiver(name, unreadMax: unreadMax, read), on: connection)
    self.stream = stream
    return stream
  }

  private mutating func wait(
    after failure: AttemptFailure, _ actor: isolated (any Actor)?
  ) async throws(WireStatus) {
    guard failure.isUnstarted || RetryPolicy.isRetryable(failure.status.code) else { throw failure.status }
    failures += 1
    let configuration = client.pool.configuration
    let delay = configuration.retries.backoff.delay(
      afterFailures: failures, random: configuration.timing.random())
    let pushback = Duration.microseconds(Int64(clamping: failure.status.retryAfterMicroseconds))
    // What a lost connection ended is asked again as soon as there is another.
    try await client.pool.pause(failures == 1 ? pushback : Swift.max(delay, pushback))
  }

  /// The call on one connection; it ends with this object.
  private final class Stream: Sendable {
    private let connection: ClientConnection
    private let receiver: PartReceiver<Part>
    private let call: ClientCall

    init(_ request: V1.Body, to receiver: PartReceiver<Part>, on connection: ClientConnection) {
      self.connection = connection
      self.receiver = receiver
      call = ClientCall(request, to: receiver)
      connection.open(call)
    }

    deinit { connection.end(call, .cancelledByCaller) }

    func next() async throws(AttemptFailure) -> Part {
      let result = await withTaskCancellationHandler {
        await receiver.next()
      } onCancel: {
        connection.end(call, .cancelledByCaller)
      }
      return try result.get()
    }
  }
}

/// Takes what a lasting call brings, for one reader.
private final class PartReceiver<Part: Sendable>: CallReceiver {
  private struct State {
    var unread: CircularBuffer<Part> = []
    var end: AttemptFailure?
    var reader: CheckedContinuation<Result<Part, AttemptFailure>, Never>?
  }

  private let name: String
  private let unreadMax: Int
  private let read: @Sendable (V1.Body) -> Part?
  private let state = Mutex(State())

  init(_ name: String, unreadMax: Int, _ read: @escaping @Sendable (V1.Body) -> Part?) {
    self.name = name
    self.unreadMax = unreadMax
    self.read = read
  }

  var isStream: Bool { true }

  func receive(_ body: V1.Body) -> Bool {
    guard let part = read(body) else {
      fail(AttemptFailure(WireStatus(.internalError, "the server answered \(name) with something else")))
      return true
    }
    let reader = state.withLock { state in
      guard state.end == nil else { return state.reader }
      if state.reader == nil {
        if state.unread.count == unreadMax { state.unread.removeFirst() }
        state.unread.append(part)
      }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: .success(part))
    return false
  }

  func fail(_ failure: AttemptFailure) {
    let reader = state.withLock { state in
      if state.end == nil { state.end = failure }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: .failure(failure))
  }

  func next() async -> Result<Part, AttemptFailure> {
    await withCheckedContinuation { continuation in
      let result: Result<Part, AttemptFailure>? = state.withLock { state in
        if !state.unread.isEmpty { return .success(state.unread.removeFirst()) }
        if let end = state.end { return .failure(end) }
        state.reader = continuation
        return nil
      }
      if let result { continuation.resume(returning: result) }
    }
  }
}
