import DequeModule
import HeapModule
import Wire

/// Queries that found no place in the batch that fills: each connection's in the order of their arrival, the connections in
/// turn.
///
/// Each keeps its rows by itself: what moves on is copied once, and what stays is not touched. No step goes through all of
/// them, but where all of them end: a deadline costs the logarithm of their number, a cancel the queries of its
/// connection.
struct HeldQueries {
  /// One query. It is over once it has an answer or a place in a batch; queue and heap let go of it when they meet it.
  private final class Query {
    let entry: BatchEntry
    let extras: QueryExtras?
    /// Let go of with the query's end.
    var observations: [UInt8]
    let arrival: UInt64
    var isOver = false

    init(_ entry: BatchEntry, _ extras: QueryExtras?, _ observations: UnsafeRawBufferPointer, _ arrival: UInt64) {
      self.entry = entry
      self.extras = extras
      self.observations = Array(observations)
      self.arrival = arrival
    }
  }

  /// The earliest first; of equal ones that which was held first.
  private struct Deadline: Comparable {
    let nanoseconds: UInt64
    let number: UInt64
    let query: Query

    static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    static func < (left: Self, right: Self) -> Bool {
      (left.nanoseconds, left.number) < (right.nanoseconds, right.number)
    }
  }

  private typealias Line = Deque<Query>

  private var lines: [ConnectionPlace: Line] = [:]
  /// The connections with queries here, whose turn comes first at the front.
  private var turns = Deque<ConnectionPlace>()
  private var deadlines = Heap<Deadline>()
  private var lastNumber: UInt64 = 0
  private(set) var rows = 0
  /// Queries that are not over.
  private var count = 0

  var isEmpty: Bool { rows == 0 }

  /// In nanoseconds of the loop's clock; `.max`: none. It may be that of a query that is over by now.
  var earliestDeadline: UInt64 { deadlines.min?.nanoseconds ?? .max }

  /// - Parameter arrival: in nanoseconds of the loop's clock.
  mutating func append(
    _ entry: BatchEntry, _ extras: QueryExtras?, observations: UnsafeRawBufferPointer, arrival: UInt64
  ) {
    let query = Query(entry, extras, observations, arrival)
    let connection = entry.place
    if lines[connection]?.append(query) == nil {
      lines[connection] = [query]
      turns.append(connection)
    }
    rows += Int(entry.rows)
    count += 1
    if entry.deadline != 0 {
      lastNumber += 1
      deadlines.insert(Deadline(nanoseconds: entry.deadline, number: lastNumber, query: query))
    }
  }

  /// Moves queries to a batch: of each connection in turn the oldest ones that `accepts`. The next time begins with the
  /// first connection that found no place now, so that a call as large as a batch is not passed over for ever.
  mutating func move(to batch: Batch, where accepts: (BatchEntry) -> Bool) {
    var passedOver: Int?
    var waiting = 0
    for _ in 0..<turns.count {
      guard let connection = turns.popFirst(), var line = lines.removeValue(forKey: connection) else { continue }
      var hasMoved = false
      while let query = line.first, query.isOver || accepts(query.entry) {
        line.removeFirst()
        guard !query.isOver else { continue }
        enter(query, batch)
        hasMoved = true
      }
      guard !line.isEmpty else { continue }
      lines[connection] = line
      turns.append(connection)
      if !hasMoved, passedOver == nil { passedOver = waiting }
      waiting += 1
    }
    // Where nobody was passed over, the second one, so that every connection is the first in its turn.
    let first = passedOver ?? 1
    if 0 < first, first < turns.count { turns = Deque(turns[first...] + turns[..<first]) }
    forgetEnded()
  }

  private mutating func enter(_ query: Query, _ batch: Batch) {
    let observations = query.observations
    end(query)
    observations.withUnsafeBytes { bytes in
      if let extras = query.extras {
        batch.append(query.entry, extras, observations: bytes)
      } else {
        batch.append(query.entry, observations: bytes)
      }
    }
    batch.noteArrivals(at: query.arrival)
  }

  private mutating func end(_ query: Query) {
    query.isOver = true
    query.observations = []
    rows -= Int(query.entry.rows)
    count -= 1
  }

  /// What is over and waits to be met is kept only in proportion to what is not.
  private mutating func forgetEnded() {
    if count == 0 {
      lines = [:]
      turns = []
      deadlines = Heap()
    } else if deadlines.count > 2 * count + 64 {
      deadlines = Heap(deadlines.unordered.filter { !$0.query.isOver })
    }
  }

  private mutating func answer(_ query: Query, _ status: WireStatus) {
    end(query)
    query.entry.connection._withUnsafeGuaranteedRef {
      $0.refuse(query.entry.call, rows: Int(query.entry.rows), status)
    }
  }

  // MARK: What is not computed

  /// Answers the queries whose time is over.
  ///
  /// - Returns: how many there were.
  mutating func endExpired(_ now: UInt64, _ status: WireStatus) -> Int {
    var ended = 0
    while let first = deadlines.min, first.nanoseconds <= now || first.query.isOver {
      deadlines.removeMin()
      guard !first.query.isOver else { continue }
      answer(first.query, status)
      ended += 1
    }
    forgetEnded()
    return ended
  }

  /// - Returns: whether it was here.
  mutating func end(_ call: UInt32, of connection: ConnectionPlace, _ status: WireStatus) -> Bool {
    guard let query = lines[connection]?.first(where: { $0.entry.call == call && !$0.isOver }) else { return false }
    answer(query, status)
    forgetEnded()
    return true
  }

  /// - Returns: how many there were.
  mutating func endAll(of connection: ConnectionPlace, _ status: WireStatus) -> Int {
    guard let line = lines.removeValue(forKey: connection) else { return 0 }
    turns.removeAll { $0 == connection }
    let open = line.filter { !$0.isOver }
    for query in open { answer(query, status) }
    forgetEnded()
    return open.count
  }
}
