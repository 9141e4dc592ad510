import Dispatch

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Somebody ended the program (SIGINT, as Ctrl-C sends it, or SIGTERM) and what it did was wound up.
public struct Interruption: Error, CustomStringConvertible {
  public var description: String { "interrupted" }

  /// Runs work that is cancelled when the process is asked to end, so that it can leave things in order.
  ///
  /// - Throws: what `work` throws, and `Interruption` in place of its `CancellationError`.
  public static func cancels<Answer: Sendable>(
    _ work: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    let task = Task { try await work() }
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { task.cancel() }
      source.resume()
      return source
    }
    defer {
      for source in sources { source.cancel() }
      for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
    do {
      return try await task.value
    } catch is CancellationError {
      throw Interruption()
    }
  }
}
