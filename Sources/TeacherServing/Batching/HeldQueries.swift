import Wire

/// Queries that found no place in the batch that fills, in the order of their arrival.
///
/// Each keeps its rows by itself: what moves on is copied once, and what stays is not touched.
struct HeldQueries {
  private struct Query {
    let entry: BatchEntry
    let extras: QueryExtras?
    let observations: [UInt8]
    let arrival: UInt64
  }

  private var queries: [Query] = []
  private(set) var rows = 0
  private(set) var earliestDeadline = UInt64.max

  var isEmpty: Bool { queries.isEmpty }

  /// - Parameter arrival: in nanoseconds of the loop's clock.
  mutating func append(
    _ entry: BatchEntry, _ extras: QueryExtras?, observations: UnsafeRawBufferPointer, arrival: UInt64
  ) {
    queries.append(Query(entry: entry, extras: extras, observations: Array(observations), arrival: arrival))
    rows += Int(entry.rows)
    if entry.deadline != 0 { earliestDeadline = min(earliestDeadline, entry.deadline) }
  }

  /// Moves the queries that `accepts` to a batch.
  mutating func move(to batch: Batch, where accepts: (BatchEntry) -> Bool) {
    remove { query in
      guard accepts(query.entry) else { return false }
      query.observations.withUnsafeBytes { bytes in
        if let extras = query.extras {
          batch.append(query.entry, extras, observations: bytes)
        } else {
          batch.append(query.entry, observations: bytes)
        }
      }
      batch.noteArrivals(at: query.arrival)
      return true
    }
  }

  /// Takes out the queries that `isOver`, and answers them so.
  ///
  /// - Returns: how many there were.
  mutating func end(where isOver: (BatchEntry) -> Bool, _ status: WireStatus) -> Int {
    let before = queries.count
    remove { query in
      guard isOver(query.entry) else { return false }
      query.entry.connection._withUnsafeGuaranteedRef {
        $0.refuse(query.entry.call, rows: Int(query.entry.rows), status)
      }
      return true
    }
    return before - queries.count
  }

  private mutating func remove(where goes: (Query) -> Bool) {
    guard !queries.isEmpty else { return }
    rows = 0
    earliestDeadline = .max
    // Taken out meanwhile: a connection that is answered may close, and ask what is queued.
    var all: [Query] = []
    swap(&all, &queries)
    all.removeAll { query in
      if goes(query) { return true }
      rows += Int(query.entry.rows)
      if query.entry.deadline != 0 { earliestDeadline = min(earliestDeadline, query.entry.deadline) }
      return false
    }
    swap(&all, &queries)
  }
}
