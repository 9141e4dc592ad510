import NIOCore
import Neural
import Synchronization
import Wire

/// One version's queue on one event loop.
///
/// A small network answers at the end of each turn. A large one is computed elsewhere while the next batch fills; a
/// connection enters its share of rows, or one call, into each such batch, and what is beyond waits for the next.
final class Lane {
  let version: LoadedVersion
  let number: UInt64
  let rowBytes: Int
  let runsOnLoop: Bool
  /// It is in its loop's list of lanes with something to do.
  var isListed = false
  private(set) var filling: Batch
  /// With the compute thread, or waiting for it.
  private(set) var running: Batch?
  private var spare: Batch?
  private var held = HeldQueries()
  /// What a row takes now, in a batch: a moving average over batches.
  private(set) var nanosecondsPerRow: Double
  /// When the first query of this turn came.
  var turnBegan: UInt64 = 0

  /// What samples its rows.
  var shadow: Shadow?

  var metrics = LaneMetrics()

  /// Rows of one reply that fit into a frame.
  let replyRowsMax: Int
  /// Rows of an event loop's queue, where they are this version's: a wide observation counts for more.
  let queuedRowsMax: Int
  private let frameBytesMax: Int
  private let shareRows: ClosedRange<Int>
  /// Connections with rows in the batch that fills.
  private var fillingConnections = 0
  /// Batches since the last one in which several connections had rows.
  private var batchesOfOne = Lane.batchesOfOneMax
  /// Who asks one at a time is in every second batch or so: after more of one connection alone, nobody waits beside it.
  private static let batchesOfOneMax = 8
  /// Rows of a batch of the compute thread, so that other versions have their turn.
  private static let batchRowsMax = 1024

  init(_ version: LoadedVersion, runsOnLoop: Bool, settings: ServingSettings) {
    shareRows = settings.shareRows
    frameBytesMax = settings.server.limits.frameBytesMax
    replyRowsMax = Self.replyRows(version, featuresWidth: 0, frameBytesMax)
    queuedRowsMax = max(
      settings.server.limits.rowsPerCallMax,
      settings.queuedBytesMax / (version.observationWidth * MemoryLayout<Float>.stride))
    self.version = version
    number = version.number
    rowBytes = version.observationWidth * MemoryLayout<Float>.stride
    self.runsOnLoop = runsOnLoop
    filling = Batch(version)
    filling.mark = Self.nextMark()
    nanosecondsPerRow = version.microsecondsPerRow * 1000
  }

  func replyRowsMax(besideFeatures width: Int) -> Int { Self.replyRows(version, featuresWidth: width, frameBytesMax) }

  /// Outputs, a value, an action and features of a row; and the frame's other fields.
  private static func replyRows(_ version: LoadedVersion, featuresWidth: Int, _ frameBytesMax: Int) -> Int {
    let row = (version.parameterWidth + 1 + featuresWidth) * MemoryLayout<Float>.stride
    let actions = featuresWidth > 0 ? version.actions.bytesPerRow : 0
    return max(1, (frameBytesMax - 512) / (row + actions))
  }

  var key: VersionKey { VersionKey(model: version.model, number: number) }

  /// Rows that are not answered yet.
  var queuedRows: Int { filling.rows + held.rows + (running?.rows ?? 0) }

  var earliestDeadline: UInt64 {
    min(filling.earliestDeadline, held.earliestDeadline, running?.earliestDeadline ?? .max)
  }

  // MARK: On the loop

  /// Computes and answers what has come in this turn.
  func runHere() -> Answered {
    guard !filling.isEmpty else { return Answered() }
    filling.noteArrivals(at: turnBegan)
    filling.compute()
    return finish(filling)
  }

  // MARK: On the compute thread

  /// Takes a query into the batch that fills, or holds it for a later one where its connection has had its share.
  func enter(
    _ entry: BatchEntry, _ extras: QueryExtras?, observations: UnsafeRawBufferPointer,
    of connection: ServerConnection<TeacherLoop>
  ) {
    guard hasPlace(entry, connection) else {
      return held.append(entry, extras, observations: observations, arrival: turnBegan)
    }
    if let extras {
      filling.append(entry, extras, observations: observations)
    } else {
      filling.append(entry, observations: observations)
    }
  }

  /// Rows that a connection enters into a batch of the compute thread beside others: as many as take twice as long as one
  /// row alone.
  static func share(
    microsecondsAlone: Double, nanosecondsInBatch: Double, within bounds: ClosedRange<Int>
  ) -> Int {
    let rows = 2000 * microsecondsAlone / max(nanosecondsInBatch, 1)
    return Int(min(max(rows, Double(bounds.lowerBound)), Double(bounds.upperBound)))
  }

  /// A connection that has the thread to itself takes all that it may.
  private var share: Int {
    guard fillingConnections > 1 || batchesOfOne < Self.batchesOfOneMax else { return shareRows.upperBound }
    return Self.share(
      microsecondsAlone: version.microsecondsPerRow, nanosecondsInBatch: nanosecondsPerRow, within: shareRows)
  }

  private func hasPlace(_ entry: BatchEntry, _ connection: ServerConnection<TeacherLoop>) -> Bool {
    let rows = Int(entry.rows)
    if filling.rows > 0, filling.rows + rows > Self.batchRowsMax { return false }
    let entered = connection.batch.mark == filling.mark ? connection.batch.rows : 0
    guard entered == 0 || entered + rows <= share else { return false }
    if entered == 0 { fillingConnections += 1 }
    connection.batch = (filling.mark, entered + rows)
    return true
  }

  /// The turn ends in which what is queued since the last one came.
  func noteArrivals(at now: UInt64) {
    filling.noteArrivals(at: now)
  }

  /// The next batch for the compute thread, where it is idle and something has come.
  func takeNext(now: UInt64) -> Batch? {
    guard running == nil else { return nil }
    if filling.isEmpty {
      // Whose queries were all given up again has its share of this batch once more.
      beginFilling()
      refill()
    }
    guard !filling.isEmpty else { return nil }
    filling.noteArrivals(at: now)
    let batch = filling
    running = batch
    filling = spare ?? Batch(version)
    spare = nil
    batchesOfOne = fillingConnections > 1 ? 0 : min(batchesOfOne + 1, Self.batchesOfOneMax)
    beginFilling()
    refill()
    return batch
  }

  /// No connection has had anything of its share of the batch that fills.
  private func beginFilling() {
    filling.mark = Self.nextMark()
    fillingConnections = 0
  }

  private func refill() {
    guard !held.isEmpty else { return }
    held.move(to: filling) { entry in
      entry.connection._withUnsafeGuaranteedRef { hasPlace(entry, $0) }
    }
  }

  /// The compute thread is done with the running batch.
  func finishRunning() -> Answered {
    guard let batch = running else { return Answered() }
    running = nil
    defer { spare = batch }
    return finish(batch)
  }

  /// Calls whose answers are about to be written, and since when they were there.
  struct Answered {
    var calls = 0
    var computeEnded: UInt64 = 0
  }

  private func finish(_ batch: Batch) -> Answered {
    if batch.rows > 0 {
      let nanoseconds = batch.computeEnded - batch.computeBegan
      nanosecondsPerRow += (Double(nanoseconds) / Double(batch.rows) - nanosecondsPerRow) / 8
      metrics.computeTime.record(nanoseconds: nanoseconds)
      metrics.batches.record(rows: batch.rows)
      var before = 0
      for (entries, arrival) in batch.arrivals where entries > before {
        metrics.queueTime.record(
          nanoseconds: batch.computeBegan - min(arrival, batch.computeBegan), count: UInt64(entries - before))
        before = entries
      }
    }
    if batch.hasSamples { shadow?.take(from: batch) }
    let (calls, rows) = batch.reply()
    metrics.answered(calls: UInt64(calls), rows: UInt64(rows))
    return Answered(calls: calls, computeEnded: batch.computeEnded)
  }

  /// What was answered has been written.
  func written(_ answered: Answered, at now: UInt64) {
    metrics.replyTime.record(
      nanoseconds: now - min(answered.computeEnded, now), count: UInt64(answered.calls))
  }

  // MARK: What is not computed

  /// Answers the queries whose time is over.
  ///
  /// - Returns: how many there were.
  func endExpired(_ now: UInt64) -> Int {
    let status = WireStatus(.deadlineExceeded, "the deadline passed before the query was computed")
    var ended = held.endExpired(now, status)
    for batch in [filling, running].compactMap({ $0 }) where batch.earliestDeadline <= now {
      ended += batch.end(where: { $0.deadline != 0 && $0.deadline <= now }, status)
    }
    return count(ended, status)
  }

  /// - Returns: whether the call was here.
  func cancel(call: UInt32, of connection: ConnectionPlace) -> Bool {
    let status = WireStatus(.cancelled, "the client gave up its query")
    let isIt = { (entry: BatchEntry) in entry.call == call && entry.place == connection }
    let wasHere =
      held.end(call, of: connection, status) || filling.end(where: isIt, status) > 0
      || (running?.end(where: isIt, status) ?? 0) > 0
    return count(wasHere ? 1 : 0, status) > 0
  }

  /// Nobody waits for this connection's answers.
  func abandon(_ connection: ConnectionPlace) {
    let status = WireStatus(.cancelled, "the connection closed")
    var ended = held.endAll(of: connection, status)
    for batch in [filling, running].compactMap({ $0 }) {
      ended += batch.end(where: { $0.place == connection }, status)
    }
    _ = count(ended, status)
  }

  private func count(_ ended: Int, _ status: WireStatus) -> Int {
    if ended > 0 { metrics.calls.count(status.code, calls: UInt64(ended)) }
    return ended
  }

  private static func nextMark() -> UInt64 { marks.wrappingAdd(1, ordering: .relaxed).newValue }
  private static let marks = Atomic<UInt64>(0)
}
