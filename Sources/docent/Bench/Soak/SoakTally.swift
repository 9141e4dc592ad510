import Console
import Synchronization
import Wire

/// What all clients of a soak have seen.
final class SoakTally: Sendable {
  struct Counts: Sendable {
    /// Queries with an answer, and the rows of those.
    var answered = 0
    var rows = 0
    /// Answers that are not the policy's.
    var wrong = 0
    /// What no client should have met.
    var unexpected = 0
    /// What the first of those were, and the first wrong answers.
    var faults: [String] = []
    /// Calls and connections that ended as their client expected, other than with an answer.
    var statuses: [WireStatus.Code: Int] = [:]
    /// Versions that were published.
    var published = 0
  }

  private static let faultsKept = 8
  private let counts = Mutex(Counts())

  var now: Counts { counts.withLock { $0 } }

  func answered(queries: Int, rows: Int) {
    counts.withLock {
      $0.answered += queries
      $0.rows += rows
    }
  }

  func wrong(_ description: String) {
    counts.withLock {
      $0.wrong += 1
      if $0.faults.count < Self.faultsKept { $0.faults.append("a wrong answer: \(description)") }
    }
  }

  func unexpected(_ description: String) {
    counts.withLock {
      $0.unexpected += 1
      if $0.faults.count < Self.faultsKept { $0.faults.append(description) }
    }
  }

  func expected(_ code: WireStatus.Code) { counts.withLock { $0.statuses[code, default: 0] += 1 } }

  func published() { counts.withLock { $0.published += 1 } }
}

extension SoakTally.Counts {
  /// How calls ended other than with an answer, in the order of the codes.
  var statusText: String {
    let sorted = statuses.sorted { $0.key.rawValue < $1.key.rawValue }
    return sorted.map { "\($0.key) \(NumberFormat.grouped($0.value))" }.joined(separator: ", ")
  }
}
