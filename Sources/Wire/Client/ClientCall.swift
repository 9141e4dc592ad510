import NIOCore

/// Receives what the server says under one call's number.
///
/// ``receive(_:)`` is called on the connection's event loop, ``fail(_:)`` on any thread; after the call's end neither
/// does anything, and of two ends that meet only the first counts.
protocol CallReceiver: Sendable {
  /// More than one frame may come.
  var isStream: Bool { get }
  /// - Parameter body: no status.
  /// - Returns: whether the call is over.
  func receive(_ body: V1.Body) -> Bool
  func fail(_ failure: AttemptFailure)
}

/// One attempt at a call that is no ``PolicyQuery``'s.
final class ClientCall: @unchecked Sendable {
  // Sendable: what changes is touched under the lock of the connection that the call is opened on, and of no other.

  let body: V1.Body
  /// Observations of a query.
  let rows: Int
  let deadline: CallDeadline?
  let receiver: any CallReceiver

  /// nil while it waits for room.
  var number: UInt32?
  var isOver = false
  var timer: Scheduled<Void>?

  init(_ body: V1.Body, rows: Int = 0, deadline: CallDeadline? = nil, to receiver: any CallReceiver) {
    self.body = body
    self.rows = rows
    self.deadline = deadline
    self.receiver = receiver
  }
}

/// Takes the only reply that a call has.
struct UnaryReceiver: CallReceiver {
  let promise: EventLoopPromise<V1.Body>

  var isStream: Bool { false }

  func receive(_ body: V1.Body) -> Bool {
    promise.succeed(body)
    return true
  }

  func fail(_ failure: AttemptFailure) { promise.fail(failure) }
}
