import Synchronization

/// The health of a model, or of the whole service, from now on: what it is, and what it becomes at every change.
///
/// It goes on over lost connections, until its iteration ends or its task is cancelled, and says nothing while there is
/// none; each iteration is a watch of its own. It ends with a ``WireStatus`` only where the server refuses it, or the
/// client is closed. A reader that is slower than the changes misses the oldest of more than 64.
public struct HealthWatch: AsyncSequence, Sendable {
  public typealias Element = V1.Serving

  let client: TeacherClient
  let model: String

  public func makeAsyncIterator() -> Iterator { Iterator(client: client, model: model) }

  public struct Iterator: AsyncIteratorProtocol {
    private let client: TeacherClient
    private let model: String
    private var stream: Stream?
    private var last: V1.Serving?
    /// Attempts in a row that brought nothing.
    private var failures = 0

    fileprivate init(client: TeacherClient, model: String) {
      self.client = client
      self.model = model
    }

    public mutating func next() async throws(WireStatus) -> V1.Serving? {
      try await next(isolation: nil)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(WireStatus) -> V1.Serving? {
      while true {
        do {
          let serving = try await open(actor).next()
          failures = 0
          guard serving != last else { continue }
          last = serving
          return serving
        } catch {
          stream = nil
          try await wait(after: error, actor)
        }
      }
    }

    private mutating func open(_ actor: isolated (any Actor)?) async throws(AttemptFailure) -> Stream {
      if let stream { return stream }
      let connection = try await client.pool.ready(CallOptions(deadline: nil, waitForReady: true))
      let stream = Stream(model: model, on: connection)
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
  }

  /// The watch on one connection; it ends with this object.
  private final class Stream: Sendable {
    private let connection: ClientConnection
    private let receiver = HealthReceiver()
    private let call: ClientCall

    init(model: String, on connection: ClientConnection) {
      self.connection = connection
      call = ClientCall(.health(V1.HealthRequest(model: model, watch: true)), to: receiver)
      connection.open(call)
    }

    deinit { connection.end(call, .cancelledByCaller) }

    func next() async throws(AttemptFailure) -> V1.Serving {
      let result = await withTaskCancellationHandler {
        await receiver.next()
      } onCancel: {
        connection.end(call, .cancelledByCaller)
      }
      return try result.get()
    }
  }
}

/// Takes what a watch brings, for one reader.
private final class HealthReceiver: CallReceiver {
  private struct State {
    var unread: [V1.Serving] = []
    var end: AttemptFailure?
    var reader: CheckedContinuation<Result<V1.Serving, AttemptFailure>, Never>?
  }

  private static let unreadMax = 64
  private let state = Mutex(State())

  var isStream: Bool { true }

  func receive(_ body: V1.Body) -> Bool {
    guard case .healthReply(let reply) = body else {
      fail(AttemptFailure(WireStatus(.internalError, "the server answered a watch of health with something else")))
      return true
    }
    let reader = state.withLock { state in
      guard state.end == nil else { return state.reader }
      if state.reader == nil {
        if state.unread.count == Self.unreadMax { state.unread.removeFirst() }
        state.unread.append(reply.serving)
      }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: .success(reply.serving))
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

  func next() async -> Result<V1.Serving, AttemptFailure> {
    await withCheckedContinuation { continuation in
      let result: Result<V1.Serving, AttemptFailure>? = state.withLock { state in
        if !state.unread.isEmpty { return .success(state.unread.removeFirst()) }
        if let end = state.end { return .failure(end) }
        state.reader = continuation
        return nil
      }
      if let result { continuation.resume(returning: result) }
    }
  }
}
