import NIOCore
import Neural
import Synchronization
import Wire

/// Tells the connections of an event loop's open calls apart.
typealias ConnectionPlace = UnsafeMutableRawPointer

/// A query in a batch.
struct BatchEntry {
  /// Not retained: a connection outlives its open calls (see `ServerConnection`).
  var connection: Unmanaged<ServerConnection<TeacherLoop>>
  var call: UInt32
  var rows: Int32
  var want: UInt32
  /// Where in the batch's extras; -1: it has none.
  var extras: Int32 = -1
  /// Nanoseconds of the event loop's clock; 0: none.
  var deadline: UInt64 = 0
  var sample = Sample()

  /// Whether a rollout's other version computes its rows too.
  struct Sample {
    var unit: UInt64 = 0
    /// Of the shadow that drew it; 0: none did.
    var mark: UInt32 = 0
  }

  /// Where the connection lies, or lay: one whose calls are all answered may be gone, and is not to be looked at.
  var place: ConnectionPlace { connection.toOpaque() }
}

/// The rows that one forward pass computes, and the queries that they belong to.
///
/// `@unchecked Sendable`: its lane's event loop fills it, and may edit it until a compute thread claims it
/// (``edit(_:)``, ``claim()``: under a lock). From then on the thread writes results alone, and the loop reads entries
/// and notes answers (`answered`) alone, until the loop has it back.
final class Batch: @unchecked Sendable {
  let version: LoadedVersion
  private let workspace = Workspace()
  private(set) var rows = 0
  private(set) var entryCount = 0
  private(set) var entries: UnsafeMutablePointer<BatchEntry>
  private(set) var observations: UnsafeMutablePointer<Float>
  private(set) var outputs: UnsafeMutablePointer<Float>
  private(set) var values: UnsafeMutablePointer<Float>
  /// Of the entries that have some.
  private(set) var extras: [ExtrasResult] = []
  private var rowCapacity = 0
  private var entryCapacity = 0
  /// Some entry has a deadline.
  private(set) var earliestDeadline = UInt64.max
  /// Entries that were answered before they were computed; only of a claimed batch.
  private var answered: Set<Int> = []
  private let isClaimed = Mutex(false)
  /// Some entry was sampled.
  private(set) var hasSamples = false
  /// Tells this filling from every other of the loop.
  var mark: UInt64 = 0
  /// When queries came, a turn each, in nanoseconds of the loop's clock.
  private(set) var arrivals: [(entries: Int, nanoseconds: UInt64)] = []
  /// What the forward pass took; written by who computes.
  private(set) var computeBegan: UInt64 = 0
  private(set) var computeEnded: UInt64 = 0

  private let width: Int
  private let parameterWidth: Int
  /// 0 where the version has no value.
  private let valueStride: Int

  init(_ version: LoadedVersion) {
    self.version = version
    width = version.observationWidth
    parameterWidth = version.parameterWidth
    valueStride = version.policy.policy.architecture.hasValue ? MemoryLayout<Float>.stride : 0
    entryCapacity = 64
    rowCapacity = 64
    entries = .allocate(capacity: entryCapacity)
    observations = .allocate(capacity: rowCapacity * width)
    outputs = .allocate(capacity: rowCapacity * parameterWidth)
    values = .allocate(capacity: rowCapacity)
  }

  deinit {
    entries.deallocate()
    observations.deallocate()
    outputs.deallocate()
    values.deallocate()
  }

  var isEmpty: Bool { entryCount == 0 }

  // MARK: Filling

  /// - Parameter bytes: rows x width fp32, copied.
  @inline(__always)
  func append(_ entry: BatchEntry, observations bytes: UnsafeRawBufferPointer) {
    let count = Int(entry.rows)
    if rows &+ count > rowCapacity || entryCount == entryCapacity { grow(rows: count) }
    UnsafeMutableRawPointer(observations + rows &* width).copyMemory(
      from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
    entries[entryCount] = entry
    entryCount &+= 1
    rows &+= count
    if entry.deadline &- 1 < earliestDeadline { earliestDeadline = entry.deadline }
    if entry.sample.mark != 0 { hasSamples = true }
  }

  /// - Parameter bytes: rows x width of fp32, or of uint8 where the extras say so; copied.
  func append(_ entry: BatchEntry, _ asked: QueryExtras, observations bytes: UnsafeRawBufferPointer) {
    var entry = entry
    if !asked.isEmpty {
      entry.extras = Int32(extras.count)
      extras.append(ExtrasResult(asked))
    }
    guard asked.isUInt8 else { return append(entry, observations: bytes) }
    let floats = bytes.map { Float($0) }
    floats.withUnsafeBytes { append(entry, observations: $0) }
  }

  /// The turn ends in which the entries since the last one came.
  func noteArrivals(at now: UInt64) {
    guard let last = arrivals.last else {
      if entryCount > 0 { arrivals.append((entryCount, now)) }
      return
    }
    if last.nanoseconds == now {
      arrivals[arrivals.count - 1].entries = entryCount
    } else if entryCount > last.entries {
      arrivals.append((entryCount, now))
    }
  }

  @inline(never)
  private func grow(rows more: Int) {
    if entryCount == entryCapacity {
      entries = Self.moved(entries, entryCount, to: entryCapacity * 2)
      entryCapacity *= 2
    }
    guard rows + more > rowCapacity else { return }
    while rows + more > rowCapacity { rowCapacity *= 2 }
    observations = Self.moved(observations, rows * width, to: rowCapacity * width)
    outputs = Self.moved(outputs, 0, to: rowCapacity * parameterWidth)
    values = Self.moved(values, 0, to: rowCapacity)
  }

  private static func moved<Element>(
    _ old: UnsafeMutablePointer<Element>, _ count: Int, to capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    new.moveInitialize(from: old, count: count)
    old.deallocate()
    return new
  }

  // MARK: Computing

  /// A compute thread takes the batch as it is now.
  func claim() {
    isClaimed.withLock { $0 = true }
  }

  /// Runs the network over all rows.
  func compute() {
    computeBegan = NIODeadline.now().uptimeNanoseconds
    defer { computeEnded = NIODeadline.now().uptimeNanoseconds }
    guard rows > 0 else { return }
    version.policy.forward(observations, rows: rows, outputs: outputs, values: values, workspace: workspace)
    if !extras.isEmpty { computeExtras() }
  }

  @inline(never)
  private func computeExtras() {
    var row = 0
    for index in 0..<entryCount {
      let entry = entries[index]
      if entry.extras >= 0 {
        extras[Int(entry.extras)].compute(
          version, rows: Int(entry.rows), observations: observations + row * width,
          outputs: outputs + row * parameterWidth, workspace: workspace)
      }
      row += Int(entry.rows)
    }
  }

  /// The rows of the queries that a shadow has sampled, where somebody waits for their answers.
  func forEachSample(of mark: UInt32, _ body: (_ unit: UInt64, _ firstRow: Int, _ rows: Int) -> Void) {
    var row = 0
    for index in 0..<entryCount {
      let entry = entries[index]
      if entry.sample.mark == mark, !answered.contains(index) { body(entry.sample.unit, row, Int(entry.rows)) }
      row += Int(entry.rows)
    }
  }

  /// Answers every query with its rows, and is empty again.
  ///
  /// - Returns: how many calls were answered, and their rows.
  func reply() -> (calls: Int, rows: Int) {
    var answeredRows = rows
    let rowBytes = parameterWidth &* MemoryLayout<Float>.stride
    var outputs = UnsafeRawPointer(self.outputs)
    var values = UnsafeRawPointer(self.values)
    for index in 0..<entryCount {
      let entry = entries[index]
      let count = Int(entry.rows)
      let wanted = entry.want == 0 ? V1.Wanted.usual.rawValue : entry.want
      let outputBytes = wanted & V1.Wanted.outputs.rawValue != 0 ? count &* rowBytes : 0
      let valueBytes = wanted & V1.Wanted.values.rawValue != 0 ? count &* valueStride : 0
      var reply = InferReplyParts(
        version: version.number, rows: count,
        outputs: UnsafeRawBufferPointer(start: outputs, count: outputBytes),
        values: UnsafeRawBufferPointer(start: values, count: valueBytes))
      if answered.isEmpty || !answered.contains(index) {
        entry.connection._withUnsafeGuaranteedRef { connection in
          if entry.extras < 0 {
            connection.reply(to: entry.call, reply)
          } else {
            extras[Int(entry.extras)].withParts {
              reply.extras = $0
              connection.reply(to: entry.call, reply)
            }
          }
        }
      } else {
        answeredRows &-= count
      }
      outputs += count &* rowBytes
      values += count &* valueStride
    }
    let answeredCalls = entryCount &- answered.count
    removeAll()
    return (answeredCalls, answeredRows)
  }

  private func removeAll() {
    rows = 0
    entryCount = 0
    earliestDeadline = .max
    hasSamples = false
    if !extras.isEmpty { extras = [] }
    if !answered.isEmpty { answered = [] }
    arrivals.removeAll(keepingCapacity: true)
    isClaimed.withLock { $0 = false }
  }

  // MARK: What is not computed

  /// Takes out the queries that `isOver`, and answers them so. Where a compute thread has the batch already, their
  /// answers go out now and their rows go nowhere.
  ///
  /// - Returns: how many there were.
  @discardableResult
  func end(where isOver: (BatchEntry) -> Bool, _ status: WireStatus) -> Int {
    var ended = 0
    func finish(_ entry: BatchEntry) {
      ended += 1
      entry.connection._withUnsafeGuaranteedRef { $0.refuse(entry.call, rows: Int(entry.rows), status) }
    }
    let wasClaimed = isClaimed.withLock { isClaimed in
      if !isClaimed {
        edit { entry in
          guard isOver(entry) else { return true }
          finish(entry)
          return false
        }
      }
      return isClaimed
    }
    if wasClaimed {
      for index in 0..<entryCount where isOver(entries[index]) && answered.insert(index).inserted {
        finish(entries[index])
      }
    }
    earliestDeadline = .max
    for index in 0..<entryCount where entries[index].deadline != 0 && !answered.contains(index) {
      earliestDeadline = min(earliestDeadline, entries[index].deadline)
    }
    return ended
  }

  /// Keeps the entries that `keeps`, with their rows, in their order.
  private func edit(_ keeps: (BatchEntry) -> Bool) {
    var keptEntries = 0
    var keptRows = 0
    var keptExtras: [ExtrasResult] = []
    var row = 0
    var arrival = 0
    for index in 0..<entryCount {
      var entry = entries[index]
      let count = Int(entry.rows)
      if keeps(entry) {
        if keptRows != row {
          (observations + keptRows * width).update(from: observations + row * width, count: count * width)
        }
        if entry.extras >= 0 {
          keptExtras.append(extras[Int(entry.extras)])
          entry.extras = Int32(keptExtras.count - 1)
        }
        entries[keptEntries] = entry
        keptEntries += 1
        keptRows += count
      }
      row += count
      while arrival < arrivals.count, arrivals[arrival].entries == index + 1 {
        arrivals[arrival].entries = keptEntries
        arrival += 1
      }
    }
    entryCount = keptEntries
    rows = keptRows
    extras = keptExtras
    var before = 0
    arrivals.removeAll { mark in
      defer { before = mark.entries }
      return mark.entries == before
    }
  }
}
