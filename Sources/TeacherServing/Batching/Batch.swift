import NIOCore
import Neural
import Wire

/// A query in a batch.
struct BatchEntry {
  /// Not retained: a connection outlives its open calls (see `ServerConnection`). Nil where it was answered already.
  var connection: Unmanaged<ServerConnection<TeacherLoop>>?
  var call: UInt32
  var rows: Int32
  var want: UInt32
  /// Nanoseconds of the event loop's clock; 0: none.
  var deadline: UInt64
}

/// The rows that one forward pass computes, and the queries that they belong to.
///
/// `@unchecked Sendable`: it belongs to one thread at a time. Its lane's event loop fills it; where it is handed to a
/// compute thread, the loop touches nothing but `entries` until it is handed back.
final class Batch: @unchecked Sendable {
  private let version: LoadedVersion
  private let workspace = Workspace()
  private(set) var rows = 0
  private(set) var entryCount = 0
  private(set) var entries: UnsafeMutablePointer<BatchEntry>
  private(set) var observations: UnsafeMutablePointer<Float>
  private(set) var outputs: UnsafeMutablePointer<Float>
  private(set) var values: UnsafeMutablePointer<Float>
  private var rowCapacity = 0
  private var entryCapacity = 0
  /// Some entry has a deadline.
  private var hasDeadlines = false

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
    if entry.deadline != 0 { hasDeadlines = true }
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

  /// Runs the network over all rows.
  func compute() {
    version.policy.forward(observations, rows: rows, outputs: outputs, values: values, workspace: workspace)
  }

  /// Answers every query with its rows, and is empty again.
  func reply() {
    let rowBytes = parameterWidth &* MemoryLayout<Float>.stride
    var outputs = UnsafeRawPointer(self.outputs)
    var values = UnsafeRawPointer(self.values)
    for index in 0..<entryCount {
      let entry = entries[index]
      let count = Int(entry.rows)
      let wanted = entry.want == 0 ? V1.Wanted.usual.rawValue : entry.want
      let outputBytes = wanted & V1.Wanted.outputs.rawValue != 0 ? count &* rowBytes : 0
      let valueBytes = wanted & V1.Wanted.values.rawValue != 0 ? count &* valueStride : 0
      entry.connection?._withUnsafeGuaranteedRef {
        $0.reply(
          to: entry.call, version: version.number, rows: count,
          outputs: UnsafeRawBufferPointer(start: outputs, count: outputBytes),
          values: UnsafeRawBufferPointer(start: values, count: valueBytes))
      }
      outputs += count &* rowBytes
      values += count &* valueStride
    }
    removeAll()
  }

  private func removeAll() {
    rows = 0
    entryCount = 0
    hasDeadlines = false
  }

  // MARK: What is not computed

  /// Takes out the queries whose time is over, and answers them so.
  func dropExpired() {
    guard hasDeadlines else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    remove(
      where: { $0.deadline != 0 && $0.deadline <= now },
      status: { WireStatus(.deadlineExceeded, "the deadline passed in the queue") })
  }

  /// Takes out one query and answers it.
  ///
  /// - Returns: whether it was here.
  func cancel(call: UInt32, of connection: ServerConnection<TeacherLoop>, status: WireStatus) -> Bool {
    remove(where: { $0.call == call && $0.connection?.toOpaque() == Unmanaged.passUnretained(connection).toOpaque() }) {
      status
    }
  }

  /// The same while a compute thread has the rows: the answer goes out now, and the rows go nowhere.
  func cancelRunning(call: UInt32, of connection: ServerConnection<TeacherLoop>, status: WireStatus) -> Bool {
    let this = Unmanaged.passUnretained(connection)
    for index in 0..<entryCount
    where entries[index].call == call && entries[index].connection?.toOpaque() == this.toOpaque() {
      entries[index].connection = nil
      connection.refuse(call, rows: Int(entries[index].rows), status)
      return true
    }
    return false
  }

  @discardableResult
  private func remove(where isOver: (BatchEntry) -> Bool, status: () -> WireStatus) -> Bool {
    var keptEntries = 0
    var keptRows = 0
    var row = 0
    var removed = false
    for index in 0..<entryCount {
      let entry = entries[index]
      let count = Int(entry.rows)
      if isOver(entry) {
        entry.connection?.takeUnretainedValue().refuse(entry.call, rows: count, status())
        removed = true
      } else {
        if keptRows != row {
          (observations + keptRows * width).update(from: observations + row * width, count: count * width)
        }
        entries[keptEntries] = entry
        keptEntries += 1
        keptRows += count
      }
      row += count
    }
    entryCount = keptEntries
    rows = keptRows
    return removed
  }
}
