import Dispatch
import NIOCore
import Synchronization

// How a task and a thread wait for a connection.
extension ConnectionPool {
  /// For a task: a connection, or why there is none for such a call. Ends at the deadline and when the task is cancelled.
  func ready(_ options: CallOptions) async throws(AttemptFailure) -> ClientConnection {
    if case .ready(let connection) = pick() { return connection }
    let promise = loop.makePromise(of: ClientConnection.self)
    let waiter = whenReady(waitForReady: options.waitForReady) { result in
      switch result {
      case .success(let connection): promise.succeed(connection)
      case .failure(let failure): promise.fail(failure)
      }
    }
    let timer = options.deadline.map { deadline in
      loop.scheduleTask(deadline: deadline.at) { self.give(up: waiter, self.noConnection(within: deadline)) }
    }
    defer { timer?.cancel() }
    do {
      return try await withTaskCancellationHandler {
        try await promise.futureResult.get()
      } onCancel: {
        give(up: waiter, .cancelledByCaller)
      }
    } catch {
      throw error as? AttemptFailure ?? AttemptFailure(WireStatus(describing: error))
    }
  }

  /// The same for a thread, which it blocks.
  func waitForConnection(_ options: CallOptions) -> Result<ClientConnection, AttemptFailure> {
    let wait = Wait()
    let waiter = whenReady(waitForReady: options.waitForReady) { wait.end($0) }
    if !wait.ended.wait(until: options.deadline, loop.now), let deadline = options.deadline {
      give(up: waiter, noConnection(within: deadline))
      wait.ended.wait()
    }
    return wait.result
  }

  private func noConnection(within deadline: CallDeadline) -> WireStatus {
    let why = if case .failing(let status) = pick() { ": \(status.message)" } else { "" }
    return WireStatus(.deadlineExceeded, "no connection to \(address) within \(deadline.timeout)\(why)")
  }

  private final class Wait: Sendable {
    let ended = DispatchSemaphore(value: 0)
    private let answer = Mutex<Result<ClientConnection, AttemptFailure>?>(nil)

    var result: Result<ClientConnection, AttemptFailure> { answer.withLock { $0! } }  // read once it has ended

    func end(_ result: Result<ClientConnection, AttemptFailure>) {
      answer.withLock { $0 = result }
      ended.signal()
    }
  }
}

extension WireStatus {
  static let cancelledByCaller = WireStatus(.cancelled, "the caller cancelled the call")
  static let clientClosed = WireStatus(.cancelled, "the client was closed")
}
