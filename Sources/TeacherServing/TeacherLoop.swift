import NIOCore
import Neural
import RolloutControl
import Wire

/// The queries of one event loop: admitted, queued by version, answered at the end of the turn.
final class TeacherLoop: ConnectionService {
  let eventLoop: any EventLoop
  private let settings: ServingSettings
  private let control: ControlCalls
  let compute: any ComputeThread
  private(set) var routes: [Route] = []
  /// Where the last plain query went: the next one mostly goes there too.
  private var last: Route.PlainTarget?
  /// The same where a rollout shares them.
  private var lastShared: Route.SharedTarget?
  /// The same of queries under leases.
  private var lastLeased: Route.LeasedTarget?
  /// Of the models whose traffic a rollout shares.
  private(set) var splits: [RolloutSplit] = []
  /// With rows to compute.
  private var active: ContiguousArray<Lane> = []
  /// With a batch on the compute thread.
  private var busy: [Lane] = []
  /// Rows that are not answered yet.
  private(set) var queuedRows = 0
  private var deadlines = DeadlineTimer()
  /// Answers of this turn that are not written yet.
  private var unwritten: ContiguousArray<(lane: Lane, answered: Lane.Answered)> = []
  /// Of versions that are not served any more, with rows still to answer.
  private var leaving: [Lane] = []
  private var metrics = LoopMetrics()

  init(
    eventLoop: any EventLoop, settings: ServingSettings, control: any ControlPlane, compute: any ComputeThread
  ) {
    self.eventLoop = eventLoop
    self.settings = settings
    self.control = ControlCalls(eventLoop: eventLoop, control: control, tasksMax: settings.controlCallsMax)
    self.compute = compute
  }

  // MARK: Versions

  /// From here on, queries see these versions. What is queued is answered by the version that it was queued for.
  func adopt(_ catalogue: Catalogue) {
    (last, lastShared, lastLeased) = (nil, nil, nil)  // they are the old routes'
    let known = Dictionary(
      routes.flatMap(\.lanes).map { (ObjectIdentifier($0.version), $0) }, uniquingKeysWith: { first, _ in first })
    let before = routes.flatMap(\.lanes)
    let splitsBefore = Dictionary(uniqueKeysWithValues: routes.map { ($0.name, $0.split) })
    routes = catalogue.models.map { model in
      Route(
        model,
        lanes: model.loaded.map { version in
          known[ObjectIdentifier(version)]
            ?? Lane(
              version, runsOnLoop: version.microsecondsPerRow <= settings.loopMicrosecondsPerRowMax,
              settings: settings)
        }, splitBefore: splitsBefore[Array(model.name.utf8)] ?? nil)
    }
    splits = routes.compactMap(\.split)
    for lane in before { lane.shadow = nil }
    for split in splits { split.sampledLane?.shadow = split.shadow }
    let now = Set(routes.flatMap(\.lanes).map { ObjectIdentifier($0) })
    leaving += before.filter { !now.contains(ObjectIdentifier($0)) }
    retireLeaving()
  }

  /// What was counted of a version outlives it.
  private func retireLeaving() {
    leaving.removeAll { lane in
      guard lane.queuedRows == 0 else { return false }
      metrics.retired.retire(lane.key, lane.metrics)
      return true
    }
  }

  // MARK: Queries

  func infer(_ query: InferRequestView, on connection: ServerConnection<TeacherLoop>) {
    if let last, last.isNamed(query.model), query.isPlain {
      _ = last.lane._withUnsafeGuaranteedRef { enqueue(query, in: $0, on: connection) }
    } else {
      inferElsewhere(query, on: connection)
    }
  }

  @inline(never)
  private func inferElsewhere(_ query: InferRequestView, on connection: ServerConnection<TeacherLoop>) {
    if let lastShared, lastShared.isNamed(query.model), query.isPlain {
      lastShared.split._withUnsafeGuaranteedRef { inferShared(query, $0, on: connection) }
      return
    }
    if inferLeased(query, on: connection) { return }
    guard let route = routes.first(where: { $0.isNamed(query.model) }) else {
      return refuse(query, unknownModel(query.model), of: nil, on: connection)
    }
    if query.isPlain, let split = route.split {
      lastShared = route.sharedTarget
      inferShared(query, split, on: connection)
    } else if query.isPlain, let lane = route.stable {
      last = route.plainTarget
      enqueue(query, in: lane, on: connection)
    } else {
      if query.leaseVersion != 0 { lastLeased = route.leasedTarget }
      inferSpecial(query, route, on: connection)
    }
  }

  /// A query of an episode that goes on, where it asks for nothing special and its lease is honoured.
  ///
  /// - Returns: whether it was that.
  private func inferLeased(_ query: InferRequestView, on connection: ServerConnection<TeacherLoop>) -> Bool {
    guard query.leaseVersion != 0, query.isPlainBesideLease, let lastLeased, lastLeased.isNamed(query.model),
      let lane = lastLeased.lane(lease: query.leaseVersion)
    else { return false }
    lane._withUnsafeGuaranteedRef { lane in
      let sample = lastLeased.split?._withUnsafeGuaranteedRef {
        $0.sample(leased: lane, episode: query.episode, of: connection)
      }
      enqueue(query, in: lane, sample: sample ?? BatchEntry.Sample(), on: connection)
    }
    return true
  }

  /// A query that goes to either of a rollout's versions, as the share of its unit says.
  private func inferShared(
    _ query: InferRequestView, _ split: RolloutSplit, on connection: ServerConnection<TeacherLoop>
  ) {
    let place = split.place(episode: query.episode, of: connection)
    let sample = split.sample(place.unit, place.arm)
    if enqueue(query, in: split.lane(place.arm), sample: sample, on: connection) { split.saw(place, on: connection) }
  }

  /// - Returns: whether it was admitted; where not, it is refused.
  @inline(__always)
  @discardableResult
  private func enqueue(
    _ query: InferRequestView, in lane: Lane, deadline: UInt64 = 0, extras: QueryExtras? = nil,
    sample: BatchEntry.Sample = BatchEntry.Sample(), on connection: ServerConnection<TeacherLoop>
  ) -> Bool {
    let observations = query.observations
    let rows = query.rows
    let rowBytes = extras?.isUInt8 == true ? lane.version.observationWidth : lane.rowBytes
    guard observations.count == rows &* rowBytes, queuedRows &+ rows <= min(settings.queuedRowsMax, lane.queuedRowsMax),
      rows <= lane.replyRowsMax,
      !settings.refusesNonFinite || rowBytes != lane.rowBytes || Self.isFinite(observations)
    else {
      refuse(query, whyNot(query, lane, rowBytes: rowBytes), of: lane, on: connection)
      return false
    }
    queuedRows &+= rows
    if !lane.isListed { list(lane, connection.loop) }
    let entry = BatchEntry(
      connection: Unmanaged.passUnretained(connection), call: query.call, rows: Int32(truncatingIfNeeded: rows),
      want: query.want.rawValue, deadline: deadline, sample: sample)
    if !lane.runsOnLoop {
      lane.enter(entry, extras, observations: observations, of: connection)
      if deadline != 0 { watchDeadlines(deadline) }
    } else if let extras {
      lane.filling.append(entry, extras, observations: observations)
    } else {
      lane.filling.append(entry, observations: observations)
    }
    return true
  }

  @inline(never)
  private func list(_ lane: Lane, _ loop: ServerLoop<TeacherLoop>) {
    lane.isListed = true
    lane.turnBegan = eventLoop.now.uptimeNanoseconds
    active.append(lane)
    loop.needsTurn()
  }

  @inline(never)
  private func inferSpecial(
    _ query: InferRequestView, _ route: Route, on connection: ServerConnection<TeacherLoop>
  ) {
    var found: Lane?
    do throws(WireStatus) {
      let choice = try route.choose(
        version: query.version, lease: query.leaseVersion, alias: query.alias, now: eventLoop.now)
      let place = choice.split?.place(episode: query.episode, of: connection)
      let lane = choice.lane(of: place?.arm)
      found = lane
      guard lane.number >= query.minimumVersion else {
        throw WireStatus(
          .failedPrecondition, "version \(lane.number) answers, expected \(query.minimumVersion) or newer")
      }
      var extras = try QueryExtras(query, of: lane.version)
      extras.leaseMoved = choice.leaseMoved
      if let layer = extras.layer, query.rows > lane.replyRowsMax(besideFeatures: layer.width) {
        throw WireStatus(
          .invalidArgument,
          "\(query.rows) rows, whose reply would not fit into a frame, expected at most "
            + "\(lane.replyRowsMax(besideFeatures: layer.width)) with the features of \(layer.name)")
      }
      let isIn = enqueue(
        query, in: lane, deadline: deadline(of: query), extras: extras.isEmpty && !extras.isUInt8 ? nil : extras,
        sample: sample(query, choice, place, route, on: connection), on: connection)
      // Under a lease, also one that has moved, an episode goes on that began earlier.
      if isIn, query.leaseVersion == 0, let place { choice.split?.saw(place, on: connection) }
    } catch {
      refuse(query, error, of: found, on: connection)
    }
  }

  /// In nanoseconds of the event loop's clock; 0: none, or beyond what a clock can tell.
  private func deadline(of query: InferRequestView) -> UInt64 {
    guard query.deadlineMicroseconds != 0 else { return 0 }
    let nanoseconds = query.deadlineMicroseconds.multipliedReportingOverflow(by: 1000)
    let sum = eventLoop.now.uptimeNanoseconds.addingReportingOverflow(nanoseconds.partialValue)
    let latest = UInt64(Int64.max)
    return nanoseconds.overflow || sum.overflow || sum.partialValue > latest ? 0 : sum.partialValue
  }

  private func refuse(
    _ query: InferRequestView, _ status: WireStatus, of lane: Lane?, on connection: ServerConnection<TeacherLoop>
  ) {
    if let lane { lane.metrics.calls.count(status.code) } else { metrics.unrouted.count(status.code) }
    metrics.callsRefused.count(CallRefusal(status.code))
    connection.refuse(query.call, rows: query.rows, status)
  }

  // MARK: What is given up

  func cancel(call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    let place = Unmanaged.passUnretained(connection).toOpaque()
    if lanes.contains(where: { $0.cancel(call: call, of: place) }) { return countQueued() }
    control.cancel(call: call, of: connection)
  }

  func abandon(_ connection: ServerConnection<TeacherLoop>) {
    let place = Unmanaged.passUnretained(connection).toOpaque()
    for lane in lanes { lane.abandon(place) }
    countQueued()
    control.cancelAll(of: connection)
  }

  func endWatches(of connection: ServerConnection<TeacherLoop>) {
    control.endWatches(of: connection)
  }

  private func watchDeadlines(_ deadline: UInt64) {
    deadlines.watch(deadline, on: eventLoop) { [unowned self] in endExpired() }
  }

  private func endExpired() {
    deadlines.reset()
    let now = eventLoop.now.uptimeNanoseconds
    for lane in lanes where lane.earliestDeadline <= now { countExpired(lane.endExpired(now)) }
    countQueued()
    let earliest = lanes.reduce(UInt64.max) { min($0, $1.earliestDeadline) }
    if earliest != .max { watchDeadlines(earliest) }
  }

  /// Every lane with rows that are not answered yet.
  private var lanes: [Lane] { busy + active.filter { $0.running == nil } }

  // MARK: The turn

  func runTurn() {
    guard !active.isEmpty else { return }
    let now = eventLoop.now.uptimeNanoseconds
    for lane in active {
      lane.isListed = false
      if lane.runsOnLoop {
        if lane.filling.earliestDeadline <= now { countExpired(lane.endExpired(now)) }
        noteAnswered(lane.runHere(), lane)
      } else {
        lane.noteArrivals(at: now)
        computeNext(lane, now: now)
      }
    }
    active.removeAll(keepingCapacity: true)
    countQueued()
  }

  func turnWritten() {
    if !unwritten.isEmpty {
      let now = eventLoop.now.uptimeNanoseconds
      for (lane, answered) in unwritten { lane.written(answered, at: now) }
      unwritten.removeAll(keepingCapacity: true)
    }
    for split in splits { runShadow(split, atLeast: Shadow.rowsAtOnce) }
  }

  @inline(__always)
  private func noteAnswered(_ answered: Lane.Answered, _ lane: Lane) {
    if answered.calls > 0 { unwritten.append((lane, answered)) }
  }

  private func computeNext(_ lane: Lane, now: UInt64) {
    if lane.earliestDeadline <= now { countExpired(lane.endExpired(now)) }
    guard let batch = lane.takeNext(now: now) else { return }
    busy.append(lane)
    let bound = NIOLoopBound((self, lane), eventLoop: eventLoop)
    let eventLoop = eventLoop
    compute.run(batch) {
      eventLoop.execute {
        let (loop, lane) = bound.value
        loop.computed(lane)
      }
    }
  }

  private func computed(_ lane: Lane) {
    noteAnswered(lane.finishRunning(), lane)
    busy.removeAll { $0 === lane }
    computeNext(lane, now: eventLoop.now.uptimeNanoseconds)
    countQueued()
    if !leaving.isEmpty { retireLeaving() }
  }

  private func countQueued() {
    queuedRows = busy.isEmpty && active.isEmpty ? 0 : lanes.reduce(0) { $0 + $1.queuedRows }
  }

  var backlogMicroseconds: UInt64 {
    UInt64(lanes.reduce(0) { $0 + Double($1.queuedRows) * $1.nanosecondsPerRow } / 1000)
  }

  private func countExpired(_ calls: Int) {
    if calls > 0 { metrics.callsRefused.count(.deadline, times: UInt64(calls)) }
  }

  /// Control calls that have not ended, also those that nobody waits for any more.
  var controlTasks: Int { control.tasks }

  /// What this event loop has measured.
  func measured(_ counters: ServerCounters) -> ServiceSnapshot.LoopPart {
    var metrics = metrics
    metrics.connections = ConnectionMetrics(counters)
    metrics.callsRefused.merge(ReasonCounts(counters.callsRefused))
    metrics.control = control.counts
    metrics.turns = counters.turns
    return ServiceSnapshot.LoopPart(
      metrics: metrics, lanes: (routes.flatMap(\.lanes) + leaving).map { ($0.key, $0.metrics) },
      queuedRows: queuedRows)
  }

  // MARK: Other calls

  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    control.start(request, call: call, on: connection)
  }
}

// MARK: Refusals

extension TeacherLoop {
  private func unknownModel(_ name: UnsafeRawBufferPointer) -> WireStatus {
    .unknownModel(
      String(decoding: UnsafeRawBufferPointer(rebasing: name.prefix(1000)), as: UTF8.self),
      known: routes.map { String(decoding: $0.name, as: UTF8.self) })
  }

  /// Why a query does not enter a lane.
  private func whyNot(_ query: InferRequestView, _ lane: Lane, rowBytes: Int) -> WireStatus {
    let rows = query.rows
    guard query.observations.count == rows * rowBytes else {
      let width = lane.version.observationWidth
      let given = query.observations.count
      let numberBytes = rowBytes / width
      let perRow = given % (numberBytes * rows) == 0 ? "\(given / numberBytes / rows) numbers a row" : "\(given) bytes"
      return WireStatus(
        .invalidArgument,
        "observations of \(perRow), expected \(width): model \(lane.version.model) takes \(rows) x \(width) "
          + "\(numberBytes == 1 ? "uint8" : "fp32"), \(rows * rowBytes) bytes")
    }
    if settings.refusesNonFinite, let found = Self.nonFinite(query.observations, width: lane.version.observationWidth) {
      return WireStatus(
        .invalidArgument, "observation \(found.row) has \(found.value) at \(found.column), expected finite numbers")
    }
    guard rows <= lane.replyRowsMax else {
      return WireStatus(
        .invalidArgument,
        "\(rows) rows, whose reply would not fit into a frame, expected at most \(lane.replyRowsMax) of this model")
    }
    return WireStatus(
      .resourceExhausted,
      "\(queuedRows) rows are queued and \(rows) more, expected at most "
        + "\(min(settings.queuedRowsMax, lane.queuedRowsMax))",
      retryAfterMicroseconds: max(backlogMicroseconds, 1))
  }

  private static func isFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let exponent: UInt32 = 0x7f80_0000
    var found: UInt32 = 0
    for index in 0..<bytes.count / 4 {
      let bits = bytes.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
      // The exponent's bits are all set: NaN or infinity.
      found |= ((bits & exponent) &+ 0x0080_0000) & 0x8000_0000
    }
    return found == 0
  }

  private static func nonFinite(
    _ bytes: UnsafeRawBufferPointer, width: Int
  ) -> (row: Int, column: Int, value: Float)? {
    for index in 0..<bytes.count / 4 {
      let value = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
      if !value.isFinite { return (index / width, index % width, value) }
    }
    return nil
  }
}

extension WireStatus {
  static func unknownModel(_ name: String, known: [String]) -> WireStatus {
    let list = known.isEmpty ? "none is served" : "served: " + known.joined(separator: ", ")
    return WireStatus(.notFound, "no model \(name.isEmpty ? "without a name" : name.shortened) (\(list.shortened))")
  }
}

/// Computes the batches of networks that are too large for an event loop.
protocol ComputeThread: Sendable {
  /// Claims the batch when it is its turn, computes it, and says so.
  func run(_ batch: Batch, done: @escaping @Sendable () -> Void)

  /// Computes a batch that no client waits for, behind those that clients wait for.
  func run(unseen batch: ShadowBatch, done: @escaping @Sendable () -> Void)
}

extension String {
  /// What a message repeats of what a client said: as much as a person reads.
  /// By bytes: a character may be as long as a frame.
  var shortened: String { utf8.count <= 200 ? self : String(decoding: utf8.prefix(200), as: UTF8.self) + "..." }
}
