import Dispatch
import NIOCore

/// Asks one model about observations, for a thread that goes on while the answer is on its way.
///
/// ``submit(_:rows:)`` copies the rows and returns; ``wait(outputs:values:)`` blocks until the answer is there. One query
/// is under way at a time: a learner that keeps two in flight has two of these. It belongs to one thread at a time, and
/// costs no allocation from the second query on. From asynchronous code, which must not block, use
/// ``TeacherClient/infer(_:)``.
///
/// Rows beyond the server's limits travel as several calls. All rows of an answer are of one version: where the version
/// changed between two of those calls, the rows are asked again, of the newest.
///
/// A query stays on its connection while there is it. Where the connection is lost, or the server is too busy,
/// ``wait(outputs:values:)`` asks again by the client's retry policy, until the timeout: a server that comes back in time
/// is not noticed.
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
  private let pool: ConnectionPool
  private let timeout: Duration?
  private let waitForReady: Bool
  private var connection: ClientConnection?
  private let done = DispatchSemaphore(value: 0)
  /// Between ``submit(_:rows:)`` and the end of ``wait(outputs:values:)``.
  private var isUnderWay = false
  /// Something was sent that ``done`` will be signalled for.
  private var isSent = false
  private(set) var deadline: CallDeadline?
  private var attempts: Attempts

  private var observations = RowMemory()
  private var outputs = RowMemory()
  private var values = RowMemory()
  private var unfinishedParts = 0
  private var oldestVersion = UInt64.max
  private var newestVersion: UInt64 = 0
  private var failure: AttemptFailure?

  init(
    _ request: V1.InferRequest, observationWidth: Int, parameterWidth: Int, pool: ConnectionPool,
    timeout: Duration? = nil, waitForReady: Bool = false
  ) {
    precondition(observationWidth > 0 && parameterWidth > 0, "a row has numbers")
    self.request = request
    self.observationWidth = observationWidth
    self.parameterWidth = parameterWidth
    self.pool = pool
    self.timeout = timeout
    self.waitForReady = waitForReady
    attempts = Attempts(pool.configuration.retries)
  }

  /// Sends a query. Where there is no connection now, ``wait(outputs:values:)`` sends it.
  ///
  /// - Parameter observations: rows x ``observationWidth``, copied.
  /// - Throws: ``WireStatus`` INVALID_ARGUMENT for a query without rows.
  public func submit(_ observations: UnsafePointer<Float>, rows: Int) throws(WireStatus) {
    precondition(!isUnderWay, "one query at a time: wait for the last one first")
    guard rows > 0 else { throw WireStatus(.invalidArgument, "a query of \(rows) rows, expected at least 1") }
    self.rows = rows
    self.observations.reserve(rows * observationWidth)
    self.observations.base.update(from: observations, count: rows * observationWidth)
    outputs.reserve(rows * parameterWidth)
    values.reserve(rows)
    pinnedVersion = nil
    attempts = Attempts(pool.configuration.retries)
    deadline = timeout.map { CallDeadline($0, from: pool.loop.now) }
    isUnderWay = true
    send()
  }

  /// Waits for the answer.
  ///
  /// - Parameters:
  ///   - outputs: receives rows x ``parameterWidth``.
  ///   - values: receives rows; zeros where the model has no value.
  /// - Returns: the version that computed every row.
  /// - Throws: ``WireStatus``: the server's; UNAVAILABLE where the last attempt found or kept no connection;
  ///   DEADLINE_EXCEEDED where the timeout passed.
  public func wait(
    outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws(WireStatus) -> UInt64 {
    precondition(isUnderWay, "nothing was submitted")
    defer { isUnderWay = false }
    while true {
      if isSent { waitForParts() }
      if let failure {
        try prepareAnotherAttempt(after: failure)
      } else if oldestVersion == newestVersion {
        break
      } else {
        pinnedVersion = newestVersion
        send()
      }
    }
    outputs.update(from: self.outputs.base, count: rows * parameterWidth)
    values.update(from: self.values.base, count: rows)
    return newestVersion
  }

  /// Until every part has ended, which the deadline sees to.
  private func waitForParts() {
    if !done.wait(until: deadline, pool.loop.now), let deadline, let connection {
      connection.end(self, deadline.passed)
      done.wait()
    }
    isSent = false
  }

  private func prepareAnotherAttempt(after failure: AttemptFailure) throws(WireStatus) {
    let timing = pool.configuration.timing
    switch attempts.failed(failure, timeLeft: deadline?.left(pool.loop.now), random: timing.random()) {
    case .giveUp(let status): throw status
    case .retry(after: let delay): if delay > .zero { timing.block(delay) }
    }
    pinnedVersion = nil
    switch pool.waitForConnection(CallOptions(deadline: deadline, waitForReady: waitForReady)) {
    case .success(let connection):
      self.connection = connection
      send()
    case .failure(let failure): self.failure = failure
    }
  }

  private func send() {
    oldestVersion = .max
    newestVersion = 0
    failure = nil
    isSent = submit(on: connection)
    if !isSent, case .ready(let another) = pool.pick(), another !== connection {
      connection = another
      isSent = submit(on: another)
    }
    // What was sent may have failed already: `failure` is the event loop's then.
    if !isSent {
      failure = AttemptFailure(WireStatus(.unavailable, "no connection to \(pool.address)"), isUnstarted: true)
    }
  }

  private func submit(on connection: ClientConnection?) -> Bool {
    guard let connection else { return false }
    return connection.submit(self) == nil
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
      fail(AttemptFailure(WireStatus(.internalError, "the server answered \(given), expected \(expected)")))
    }
  }

  func fail(_ failure: AttemptFailure) {
    // Of parts that failed each in its way, what a server may have begun says more.
    if self.failure?.isUnstarted ?? true { self.failure = failure }
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
