import Dispatch

/// Asks one model about observations, for a thread that goes on while the answer is on its way.
///
/// ``submit(_:rows:)`` copies the rows and returns; ``wait(outputs:values:)`` blocks until the answer is there. One query
/// is under way at a time: a learner that keeps two in flight has two of these. It belongs to one thread at a time, and
/// costs no allocation from the second query on. From asynchronous code, which must not block, use
/// ``TeacherClient/infer(_:)``.
///
/// Rows beyond the server's limits travel as several calls. All rows of an answer are of one version: where the version
/// changed between two of those calls, the rows are asked again, of the newest.
public final class PolicyQuery: @unchecked Sendable {
  // Sendable: between `submit` and the semaphore's signal the memory belongs to the connection, which hands each part of
  // the query to its event loop under a lock; before and after, it belongs to the thread that calls `submit` and `wait`.

  /// Numbers in one observation.
  public let observationWidth: Int
  /// Numbers in one row of outputs.
  public let parameterWidth: Int

  let request: V1.InferRequest
  private(set) var pinnedVersion: UInt64?
  private(set) var rows = 0
  private let connection: ClientConnection
  private let done = DispatchSemaphore(value: 0)
  private var isUnderWay = false

  private var observations = RowMemory()
  private var outputs = RowMemory()
  private var values = RowMemory()
  private var unfinishedParts = 0
  private var oldestVersion = UInt64.max
  private var newestVersion: UInt64 = 0
  private var failure: WireStatus?

  init(_ request: V1.InferRequest, observationWidth: Int, parameterWidth: Int, connection: ClientConnection) {
    precondition(observationWidth > 0 && parameterWidth > 0, "a row has numbers")
    self.request = request
    self.observationWidth = observationWidth
    self.parameterWidth = parameterWidth
    self.connection = connection
  }

  /// Sends a query.
  ///
  /// - Parameter observations: rows x ``observationWidth``, copied.
  /// - Throws: ``WireStatus``; UNAVAILABLE where the connection is lost.
  public func submit(_ observations: UnsafePointer<Float>, rows: Int) throws(WireStatus) {
    precondition(!isUnderWay, "one query at a time: wait for the last one first")
    guard rows > 0 else { throw WireStatus(.invalidArgument, "a query of \(rows) rows, expected at least 1") }
    self.rows = rows
    self.observations.reserve(rows * observationWidth)
    self.observations.base.update(from: observations, count: rows * observationWidth)
    outputs.reserve(rows * parameterWidth)
    values.reserve(rows)
    pinnedVersion = nil
    try send()
  }

  /// Waits for the answer.
  ///
  /// - Parameters:
  ///   - outputs: receives rows x ``parameterWidth``.
  ///   - values: receives rows; zeros where the model has no value.
  /// - Returns: the version that computed every row.
  /// - Throws: ``WireStatus``, the server's; UNAVAILABLE where the connection was lost meanwhile.
  public func wait(
    outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws(WireStatus) -> UInt64 {
    precondition(isUnderWay, "nothing was submitted")
    while true {
      done.wait()
      isUnderWay = false
      if let failure { throw failure }
      if oldestVersion == newestVersion { break }
      pinnedVersion = newestVersion
      try send()
    }
    outputs.update(from: self.outputs.base, count: rows * parameterWidth)
    values.update(from: self.values.base, count: rows)
    return newestVersion
  }

  private func send() throws(WireStatus) {
    oldestVersion = .max
    newestVersion = 0
    failure = nil
    try connection.submit(self)
    isUnderWay = true
  }

  // MARK: For the connection

  func begin(parts: Int) {
    unfinishedParts = parts
  }

  func observations(from firstRow: Int, rows: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: observations.base + firstRow * observationWidth,
      count: rows * observationWidth * MemoryLayout<Float>.stride)
  }

  func finish(from firstRow: Int, rows: Int, _ reply: InferReplyView) {
    let outputBytes = rows * parameterWidth * MemoryLayout<Float>.stride
    let valueBytes = rows * MemoryLayout<Float>.stride
    if reply.rows == rows, reply.outputs.count == outputBytes, [0, valueBytes].contains(reply.values.count) {
      UnsafeMutableRawPointer(outputs.base + firstRow * parameterWidth)
        .copyMemory(from: reply.outputs.baseAddress!, byteCount: outputBytes)
      if let base = reply.values.baseAddress, reply.values.count == valueBytes {
        UnsafeMutableRawPointer(values.base + firstRow).copyMemory(from: base, byteCount: valueBytes)
      } else {
        (values.base + firstRow).update(repeating: 0, count: rows)
      }
      oldestVersion = min(oldestVersion, reply.version)
      newestVersion = max(newestVersion, reply.version)
      finishPart()
    } else {
      let given = "\(reply.rows) rows, \(reply.outputs.count) bytes of outputs and \(reply.values.count) of values"
      let expected = "\(rows) rows, \(outputBytes) bytes and \(valueBytes) (or none)"
      fail(WireStatus(.internalError, "the server answered \(given), expected \(expected)"))
    }
  }

  func fail(_ status: WireStatus) {
    failure = failure ?? status
    finishPart()
  }

  private func finishPart() {
    unfinishedParts -= 1
    if unfinishedParts == 0 { done.signal() }
  }
}

/// Numbers of a query; grows, never shrinks.
private struct RowMemory: ~Copyable {
  private var memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 0)

  init() {}

  deinit { memory.deallocate() }

  var base: UnsafeMutablePointer<Float> { memory.baseAddress! }

  mutating func reserve(_ count: Int) {
    guard count > memory.count else { return }
    memory.deallocate()
    memory = .allocate(capacity: max(count, memory.count * 2))
    memory.initialize(repeating: 0)
  }
}
