public import Wire

/// How a teacher serves.
public struct ServingSettings: Sendable {
  public var server: ServerSettings
  /// Rows that may wait on one event loop, all connections together. What comes beyond them is told when to come back.
  public var queuedRowsMax: Int
  /// Bytes of observations that may wait so, as fp32: of a model with wide observations fewer rows wait.
  public var queuedBytesMax: Int
  /// A network of at most so many microseconds a row, measured when it is loaded, runs on the event loop itself; a
  /// larger one on a compute thread. Raise it only for a service with few clients: while the loop computes, it reads
  /// nobody.
  public var loopMicrosecondsPerRowMax: Double
  /// Rows that one connection enters into a batch of the compute thread: the most where it is alone; beside others as many
  /// as take twice as long as one row alone, within this range. More make a deep pipeline cheaper to compute, and
  /// everybody else wait longer.
  public var shareRows: ClosedRange<Int>
  /// Versions of a model that are loaded at the start beside those that aliases point to, newest first.
  public var newestVersionsLoaded: Int
  /// Versions of a model that stay loaded; beyond them the oldest without an alias makes room.
  public var versionsLoadedMax: Int
  /// Versions that `stable` pointed to before, newest first, that stay loaded: a rollback to one of them loads nothing.
  public var previousVersionsLoaded: Int
  /// Bytes that the weights of all loaded versions may take; nil: as many as there are. A version that does not fit is not
  /// loaded, and what is loaded goes on. It bounds weights alone: queues, connections and the program come on top.
  public var memoryMax: Int?
  /// How long a version that nothing points to any more still answers the queries of episodes that began with it.
  public var leaseSecondsMax: Int
  /// Observations with NaN or infinity are refused; otherwise they are answered with what the network makes of them.
  public var refusesNonFinite: Bool
  /// Calls other than queries that may be under way on one event loop.
  public var controlCallsMax: Int
  /// How often the store is asked whether another program has changed it.
  public var storeReadInterval: Duration

  public static let defaults = ServingSettings(
    server: .defaults, queuedRowsMax: 1 << 16, queuedBytesMax: 256 << 20, loopMicrosecondsPerRowMax: 10,
    shareRows: 4...64,
    newestVersionsLoaded: 2,
    versionsLoadedMax: 32, previousVersionsLoaded: 2, memoryMax: nil, leaseSecondsMax: 3600, refusesNonFinite: false,
    controlCallsMax: 1024, storeReadInterval: .milliseconds(250))

  public init(
    server: ServerSettings, queuedRowsMax: Int, queuedBytesMax: Int, loopMicrosecondsPerRowMax: Double,
    shareRows: ClosedRange<Int>, newestVersionsLoaded: Int,
    versionsLoadedMax: Int, previousVersionsLoaded: Int, memoryMax: Int?, leaseSecondsMax: Int, refusesNonFinite: Bool,
    controlCallsMax: Int, storeReadInterval: Duration
  ) {
    precondition(
      queuedRowsMax >= server.limits.rowsPerCallMax && newestVersionsLoaded >= 1
        && versionsLoadedMax >= newestVersionsLoaded && queuedBytesMax > 0 && controlCallsMax > 0
        && shareRows.lowerBound > 0 && previousVersionsLoaded >= 0 && memoryMax ?? 0 >= 0 && leaseSecondsMax >= 0,
      "the queue takes the largest call, the newest version is loaded, and calls are answered")
    self.server = server
    self.queuedRowsMax = queuedRowsMax
    self.queuedBytesMax = queuedBytesMax
    self.loopMicrosecondsPerRowMax = loopMicrosecondsPerRowMax
    self.shareRows = shareRows
    self.newestVersionsLoaded = newestVersionsLoaded
    self.versionsLoadedMax = versionsLoadedMax
    self.previousVersionsLoaded = previousVersionsLoaded
    self.memoryMax = memoryMax
    self.leaseSecondsMax = leaseSecondsMax
    self.refusesNonFinite = refusesNonFinite
    self.controlCallsMax = controlCallsMax
    self.storeReadInterval = storeReadInterval
  }
}
