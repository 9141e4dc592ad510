import RolloutControl
import Synchronization

/// Samples queries of one of a rollout's versions on one event loop, and has the other version compute their rows too,
/// which no client sees.
///
/// Nothing waits for it: rows are copied when they are answered, computed when the answers are written, and dropped where
/// they come faster than that.
final class Shadow {
  let versions: RolloutVersions
  /// Of the queries that it has sampled; never 0.
  let mark = Shadow.nextMark()
  var sampler: Sampler
  private var filling: ShadowBatch
  /// With the compute thread.
  private var running: ShadowBatch?
  private var spare: ShadowBatch?
  private var batches = 0
  private(set) var droppedRows = 0
  private(set) var latencies: [LatencyPair] = []

  /// Rows that are computed together where nobody asks for them earlier.
  static let rowsAtOnce = 32
  /// Every so many batches are timed, each with three more forward passes.
  private static let batchesPerTiming = 16
  private static let latenciesMax = 256
  private static let bytesMax = 4 << 20
  /// What an event loop, or a batch that waits for the compute thread, may be held up by.
  private static let microsecondsMax = 1000.0

  /// - Parameter rowsMax: nil: as many as fit into some megabytes, and into a millisecond.
  init(_ versions: RolloutVersions, percent: Double, rowsMax: Int? = nil) {
    self.versions = versions
    sampler = Sampler(percent: percent)
    filling = ShadowBatch(versions, rowsMax: rowsMax ?? Self.rowsMax(versions))
  }

  private static func rowsMax(_ versions: RolloutVersions) -> Int {
    let inMemory = bytesMax / ShadowBatch.rowBytes(versions.stable)
    let inTime = Int(min(max(microsecondsMax / max(versions.unseen.microsecondsPerRow, 0.001), 16), 1024))
    return max(1, min(inMemory, inTime))
  }

  /// Rows that wait to be computed.
  var rows: Int { filling.rows }
  var rowsMax: Int { filling.rowsMax }

  /// Copies the rows of a batch that were sampled. It is computed, and is not answered yet.
  func take(from batch: Batch) {
    batch.forEachSample(of: mark) { unit, firstRow, rows in
      droppedRows += rows - filling.append(unit, from: batch, firstRow: firstRow, rows: rows)
    }
  }

  /// The next batch to compute, where there are so many rows and none is being computed.
  func takeNext(atLeast rows: Int) -> ShadowBatch? {
    guard running == nil, filling.rows >= min(rows, filling.rowsMax), filling.rows > 0 else { return nil }
    let batch = filling
    if batches.isMultiple(of: Self.batchesPerTiming) {
      batch.timing = (batches / Self.batchesPerTiming).isMultiple(of: 2) ? .candidateFirst : .stableFirst
    }
    batches += 1
    running = batch
    filling = spare ?? ShadowBatch(versions, rowsMax: batch.rowsMax)
    spare = nil
    return batch
  }

  /// The running batch is computed.
  func finish(into units: inout UnitTable) {
    guard let batch = running else { return }
    for divergence in batch.divergences { units.add(divergence) }
    if let latency = batch.latency, latencies.count < Self.latenciesMax { latencies.append(latency) }
    batch.removeAll()
    running = nil
    spare = batch
  }

  /// Hands over what was measured and dropped since the last tick.
  func take(into evidence: inout LoopEvidence) {
    evidence.latencies = latencies
    evidence.droppedRows = droppedRows
    latencies = []
    droppedRows = 0
  }

  private static func nextMark() -> UInt32 {
    while true {
      let mark = marks.wrappingAdd(1, ordering: .relaxed).newValue
      if mark != 0 { return mark }
    }
  }
  private static let marks = Atomic<UInt32>(0)
}
