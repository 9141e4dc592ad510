import DequeModule

/// Which batch the compute thread takes next.
///
/// What clients wait for comes first; what they do not is taken when nothing else waits, and after so many others at the
/// latest: a thread that always has something to do would never compute it.
struct ComputeQueue<Job> {
  static var passedOverMax: Int { 8 }

  private var batches = Deque<Job>()
  private var unseen = Deque<Job>()
  /// Batches since something unseen began to wait, or was taken.
  private var passedOver = 0

  mutating func add(_ job: Job) { batches.append(job) }

  mutating func addUnseen(_ job: Job) { unseen.append(job) }

  mutating func next() -> Job? {
    guard !unseen.isEmpty else { return batches.popFirst() }
    if !batches.isEmpty, passedOver < Self.passedOverMax {
      passedOver += 1
      return batches.popFirst()
    }
    passedOver = 0
    return unseen.popFirst()
  }
}
