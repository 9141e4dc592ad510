import NIOPosix
import Synchronization

/// One thread for the batches of large networks.
final class ThreadPoolCompute: ComputeThread {
  private let pool = NIOThreadPool(numberOfThreads: 1)
  private let queue = Mutex(ComputeQueue<@Sendable () -> Void>())

  init() {
    pool.start()
  }

  func run(_ batch: Batch, done: @escaping @Sendable () -> Void) {
    queue.withLock {
      $0.add {
        batch.claim()
        batch.compute()
        done()
      }
    }
    computeOne()
  }

  func run(unseen batch: ShadowBatch, done: @escaping @Sendable () -> Void) {
    queue.withLock {
      $0.addUnseen {
        batch.compute()
        done()
      }
    }
    computeOne()
  }

  /// Called once for each batch that is queued.
  private func computeOne() {
    pool.submit { [self] state in
      // A pool that has stopped runs nothing, and its clients are gone.
      guard case .active = state else { return }
      queue.withLock { $0.next() }?()
    }
  }

  func stop() async {
    try? await pool.shutdownGracefully()
  }
}
