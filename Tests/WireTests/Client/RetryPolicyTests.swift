import Testing

@testable import Wire

@Suite("When a call is asked again")
struct RetryPolicyTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var failure: AttemptFailure
    var attempts = 1
    var unstarted = 0
    var timeLeft: Duration?
    var random = 0.5
    var decision: RetryPolicy.Decision
  }

  private static let away = WireStatus(.unavailable, "away")
  private static let busy = WireStatus(.resourceExhausted, "busy", retryAfterMicroseconds: 200_000)
  private static let wrong = WireStatus(.invalidArgument, "wrong")

  @Test(arguments: [
    Row(
      testDescription: "UNAVAILABLE after 50 ms", failure: AttemptFailure(away),
      decision: .retry(after: .milliseconds(50))),
    Row(
      testDescription: "1.6 times as late each time", failure: AttemptFailure(away), attempts: 3,
      decision: .retry(after: .milliseconds(128))),
    Row(
      testDescription: "a fifth earlier at most", failure: AttemptFailure(away), random: 0,
      decision: .retry(after: .milliseconds(40))),
    Row(testDescription: "five attempts", failure: AttemptFailure(away), attempts: 5, decision: .giveUp(away)),
    Row(
      testDescription: "RESOURCE_EXHAUSTED not before the server's word", failure: AttemptFailure(busy),
      decision: .retry(after: .milliseconds(200))),
    Row(testDescription: "no other status", failure: AttemptFailure(wrong), decision: .giveUp(wrong)),
    Row(
      testDescription: "a call above last_call at once, whatever the status",
      failure: AttemptFailure(WireStatus(.internalError, "x"), isUnstarted: true), attempts: 4, unstarted: 1,
      decision: .retry(after: .zero)),
    Row(
      testDescription: "not for ever", failure: AttemptFailure(away, isUnstarted: true), attempts: 0, unstarted: 6,
      decision: .giveUp(away)),
    Row(
      testDescription: "within the deadline", failure: AttemptFailure(away), timeLeft: .milliseconds(51),
      decision: .retry(after: .milliseconds(50))),
    Row(
      testDescription: "the last status where the next attempt could not begin before it",
      failure: AttemptFailure(busy),
      timeLeft: .milliseconds(200), decision: .giveUp(busy)),
    Row(
      testDescription: "DEADLINE_EXCEEDED where it has passed", failure: AttemptFailure(away), timeLeft: .zero,
      decision: .giveUp(
        WireStatus(.deadlineExceeded, "the deadline passed; the last attempt ended with UNAVAILABLE: away"))),
  ])
  func decisions(row: Row) {
    let decision = RetryPolicy.defaults.decide(
      row.failure, attempts: row.attempts, unstarted: row.unstarted, timeLeft: row.timeLeft, random: row.random)
    #expect(decision == row.decision)
  }

  @Test("Attempts that the server did not start are counted apart")
  func counting() {
    var attempts = Attempts(RetryPolicy(attempts: 2))
    let unstarted = AttemptFailure(Self.away, isUnstarted: true)
    #expect(attempts.failed(unstarted, timeLeft: nil, random: 0.5) == .retry(after: .zero))
    #expect(attempts.failed(AttemptFailure(Self.away), timeLeft: nil, random: 0.5) == .retry(after: .milliseconds(50)))
    #expect(attempts.failed(unstarted, timeLeft: nil, random: 0.5) == .retry(after: .zero))
    #expect(attempts.failed(AttemptFailure(Self.away), timeLeft: nil, random: 0.5) == .giveUp(Self.away))
  }

  @Test("A backoff grows to its maximum, and the jitter spreads it by a fifth to both sides")
  func backoff() {
    let backoff = Backoff(initial: .seconds(1))
    let delays = (1...13).map { backoff.delay(afterFailures: $0, random: 0.5) / .seconds(1) }
    for (index, expected) in [1, 1.6, 2.56, 4.096, 6.5536].enumerated() {
      #expect(abs(delays[index] - expected) < 1e-9)
    }
    #expect(delays[10] < 120 && delays[11] == 120 && delays[12] == 120)
    #expect(backoff.delay(afterFailures: 1000, random: 0) == .seconds(96))
    #expect(backoff.delay(afterFailures: 1, random: 1) == .milliseconds(1200))
  }
}
