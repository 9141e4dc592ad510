import Foundation

/// Runs work that computes for long, or blocks, on a thread of its own, so that no thread of the concurrency pool waits.
package func onOwnThread<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
  }
}
