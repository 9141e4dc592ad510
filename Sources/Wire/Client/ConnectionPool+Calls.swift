import NIOCore

// Calls with their attempts, deadline and cancellation.
extension ConnectionPool {
  /// - Parameters:
  ///   - timeout: nil for the configuration's.
  ///   - waitForReady: nil for the configuration's.
  func options(_ timeout: Duration?, _ waitForReady: Bool?) -> CallOptions {
    CallOptions(
      deadline: (timeout ?? configuration.timeout).map { CallDeadline($0, from: loop.now) },
      waitForReady: waitForReady ?? configuration.waitForReady)
  }

  /// A call of one request and one reply, which is safe to ask twice.
  /// - Parameter rows: observations of a query.
  func call(_ body: V1.Body, rows: Int = 0, _ options: CallOptions) async throws(WireStatus) -> V1.Body {
    try await retrying(options.deadline) { () async throws(AttemptFailure) in
      let connection = try await self.ready(options)
      return try await connection.call(body, rows: rows, options.deadline)
    }
  }

  /// Attempts until one succeeds or the retry policy gives up.
  func retrying<Value: Sendable>(
    _ deadline: CallDeadline?, _ attempt: @Sendable () async throws(AttemptFailure) -> Value
  ) async throws(WireStatus) -> Value {
    var attempts = Attempts(configuration.retries)
    while true {
      do {
        return try await attempt()
      } catch {
        let left = deadline?.left(loop.now)
        switch attempts.failed(error, timeLeft: left, random: configuration.timing.random()) {
        case .giveUp(let status): throw status
        case .retry(after: let delay): try await pause(delay)
        }
      }
    }
  }

  /// - Throws: CANCELLED where the task is.
  func pause(_ delay: Duration) async throws(WireStatus) {
    do {
      try Task.checkCancellation()
      if delay > .zero { try await configuration.timing.pause(delay) }
    } catch {
      throw .cancelledByCaller
    }
  }
}

extension ClientConnection {
  /// One attempt at a call of one reply. A cancelled task ends it.
  func call(_ body: V1.Body, rows: Int, _ deadline: CallDeadline?) async throws(AttemptFailure) -> V1.Body {
    let promise = channel.eventLoop.makePromise(of: V1.Body.self)
    let call = ClientCall(body, rows: rows, deadline: deadline, to: UnaryReceiver(promise: promise))
    return try await outcome(of: promise.futureResult, call)
  }

  /// Opens a call and waits for its end, which a cancelled task brings about.
  func outcome<Value: Sendable>(
    of future: EventLoopFuture<Value>, _ call: ClientCall
  ) async throws(AttemptFailure) -> Value {
    do {
      return try await withTaskCancellationHandler {
        open(call)
        return try await future.get()
      } onCancel: {
        end(call, .cancelledByCaller)
      }
    } catch {
      throw error as? AttemptFailure ?? AttemptFailure(WireStatus(describing: error))
    }
  }
}
