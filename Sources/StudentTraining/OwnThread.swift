import Foundation
import Synchronization

/// Runs work that computes for long, or blocks, on a thread of its own, so that no thread of the concurrency pool waits.
package func onOwnThread<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
  }
}

/// The same for work that calls `check` now and then, which throws `CancellationError` once the task is cancelled.
package func onOwnThread<Answer: Sendable>(
  checking work: @escaping @Sendable (_ check: @escaping @Sendable () throws -> Void) throws -> Answer
) async throws -> Answer {
  let isCancelled = Latch()
  return try await withTaskCancellationHandler {
    try await onOwnThread {
      try work { if isCancelled.isSet { throw CancellationError() } }
    }
  } onCancel: {
    isCancelled.set()
  }
}

/// Set once, by any thread, and seen by all.
package final class Latch: Sendable {
  private let flag = Atomic<Bool>(false)
  package init() {}
  package var isSet: Bool { flag.load(ordering: .acquiring) }
  package func set() { flag.store(true, ordering: .releasing) }
}
