import StudentTraining

/// Runs `side` beside `body`, and tells it to stop when `body` has returned or thrown; returns when both have ended.
///
/// - Parameters:
///   - stopping: what `side` looks at, and ends at.
/// - Throws: what `body` throws; where that is nothing, what `side` throws.
func running<Side: Sendable, Answer>(
  _ side: @escaping @Sendable () async throws -> Side, until stopping: Latch, beside body: () async throws -> Answer
) async throws -> (side: Side, answer: Answer) {
  async let running = side()
  do {
    let answer = try await body()
    stopping.set()
    return (try await running, answer)
  } catch {
    stopping.set()
    _ = try? await running
    throw error
  }
}
