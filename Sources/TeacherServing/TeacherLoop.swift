import NIOCore
import Wire

/// The queries of one event loop: admitted, queued by version, answered at the end of the turn.
final class TeacherLoop: ConnectionService {
  let eventLoop: any EventLoop
  private let settings: ServingSettings
  private let control: any ControlPlane
  private let compute: any ComputeThread
  private var routes: [Route] = []
  /// Where the last query went: the next one mostly goes there too.
  private var lastRoute: Route?
  /// With rows to compute.
  private var active: ContiguousArray<Lane> = []
  /// With a batch on the compute thread.
  private var busy: [Lane] = []
  /// Rows that are not answered yet.
  private(set) var queuedRows = 0

  init(
    eventLoop: any EventLoop, settings: ServingSettings, control: any ControlPlane, compute: any ComputeThread
  ) {
    self.eventLoop = eventLoop
    self.settings = settings
    self.control = control
    self.compute = compute
  }

  // MARK: Versions

  /// From here on, queries see these versions. What is queued is answered by the version that it was queued for.
  func adopt(_ catalogue: Catalogue) {
    let known = Dictionary(
      routes.flatMap(\.lanes).map { (ObjectIdentifier($0.version), $0) }, uniquingKeysWith: { first, _ in first })
    routes = catalogue.models.map { model in
      Route(
        model,
        lanes: model.loaded.map { version in
          known[ObjectIdentifier(version)]
            ?? Lane(version, runsOnLoop: version.microsecondsPerRow <= settings.loopMicrosecondsPerRowMax)
        })
    }
    lastRoute = nil
  }

  // MARK: Queries

  func infer(_ query: InferRequestView, on connection: ServerConnection<TeacherLoop>) {
    guard let route = route(to: query.model) else { return refuse(query, unknownModel(query.model), on: connection) }
    if query.isPlain, let lane = route.stable {
      enqueue(query, in: lane, deadline: 0, on: connection)
    } else {
      inferSpecial(query, route, on: connection)
    }
  }

  @inline(__always)
  private func route(to model: UnsafeRawBufferPointer) -> Route? {
    if let lastRoute, lastRoute.isNamed(model) { return lastRoute }
    return findRoute(to: model)
  }

  @inline(never)
  private func findRoute(to model: UnsafeRawBufferPointer) -> Route? {
    guard let route = routes.first(where: { $0.isNamed(model) }) else { return nil }
    lastRoute = route
    return route
  }

  @inline(__always)
  private func enqueue(
    _ query: InferRequestView, in lane: Lane, deadline: UInt64, on connection: ServerConnection<TeacherLoop>
  ) {
    let observations = query.observations
    let rows = query.rows
    guard observations.count == rows &* lane.rowBytes, queuedRows &+ rows <= settings.queuedRowsMax else {
      return refuse(query, whyNot(query, lane), on: connection)
    }
    queuedRows &+= rows
    lane.filling.append(
      BatchEntry(
        connection: Unmanaged.passUnretained(connection), call: query.call, rows: Int32(truncatingIfNeeded: rows),
        want: query.want.rawValue, deadline: deadline),
      observations: observations)
    if !lane.isListed {
      lane.isListed = true
      active.append(lane)
      connection.loop.needsTurn()
    }
  }

  @inline(never)
  private func inferSpecial(
    _ query: InferRequestView, _ route: Route, on connection: ServerConnection<TeacherLoop>
  ) {
    do throws(WireStatus) {
      try Self.checkImplemented(query)
      let lane = try route.lane(version: query.version, alias: query.alias)
      guard lane.number >= query.minimumVersion else {
        throw WireStatus(
          .failedPrecondition, "version \(lane.number) answers, expected \(query.minimumVersion) or newer")
      }
      var deadline: UInt64 = 0
      if query.deadlineMicroseconds != 0 {
        let nanoseconds = query.deadlineMicroseconds.multipliedReportingOverflow(by: 1000)
        let sum = NIODeadline.now().uptimeNanoseconds.addingReportingOverflow(nanoseconds.partialValue)
        // Beyond what a clock can tell there is no deadline.
        if !nanoseconds.overflow, !sum.overflow { deadline = sum.partialValue }
      }
      enqueue(query, in: lane, deadline: deadline, on: connection)
    } catch {
      refuse(query, error, on: connection)
    }
  }

  private func refuse(
    _ query: InferRequestView, _ status: WireStatus, on connection: ServerConnection<TeacherLoop>
  ) {
    connection.refuse(query.call, rows: query.rows, status)
  }

  func cancelQuery(call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    if (active + busy).contains(where: { $0.cancel(call: call, of: connection) }) { countQueued() }
  }

  // MARK: The turn

  func runTurn() {
    guard !active.isEmpty else { return }
    for lane in active {
      lane.isListed = false
      if lane.runsOnLoop { lane.runHere() } else { computeNext(lane) }
    }
    active.removeAll(keepingCapacity: true)
    countQueued()
  }

  private func computeNext(_ lane: Lane) {
    guard let batch = lane.takeNext() else { return }
    busy.append(lane)
    let bound = NIOLoopBound((self, lane), eventLoop: eventLoop)
    let eventLoop = eventLoop
    compute.run {
      batch.compute()
      eventLoop.execute {
        let (loop, lane) = bound.value
        loop.computed(lane)
      }
    }
  }

  private func computed(_ lane: Lane) {
    lane.finishRunning()
    busy.removeAll { $0 === lane }
    computeNext(lane)
    countQueued()
  }

  private func countQueued() {
    queuedRows = busy.reduce(0) { $0 + $1.queuedRows }
    for lane in active where lane.running == nil { queuedRows += lane.queuedRows }
  }
}

// MARK: Refusals

extension TeacherLoop {
  private func unknownModel(_ name: UnsafeRawBufferPointer) -> WireStatus {
    .unknownModel(String(decoding: name, as: UTF8.self), known: routes.map { String(decoding: $0.name, as: UTF8.self) })
  }

  /// Why a query does not enter a lane.
  private func whyNot(_ query: InferRequestView, _ lane: Lane) -> WireStatus {
    let rows = query.rows
    guard query.observations.count == rows * lane.rowBytes else {
      let width = lane.version.observationWidth
      let given = query.observations.count
      let perRow = given % (4 * rows) == 0 ? "\(given / 4 / rows) numbers a row" : "\(given) bytes"
      return WireStatus(
        .invalidArgument,
        "observations of \(perRow), expected \(width): model \(lane.version.model) takes \(rows) x \(width) fp32, "
          + "\(rows * lane.rowBytes) bytes")
    }
    let waits = UInt64(Double(queuedRows) * lane.version.microsecondsPerRow)
    return WireStatus(
      .resourceExhausted, "\(queuedRows) rows are queued, expected at most \(settings.queuedRowsMax) with these",
      retryAfterMicroseconds: max(waits, 1))
  }

  /// What the schema has and this server does not answer yet.
  private static func checkImplemented(_ query: InferRequestView) throws(WireStatus) {
    func refuse(_ what: String) -> WireStatus { WireStatus(.unimplemented, "\(what) not implemented by this server") }
    switch query.elementType {
    case .fp32: break
    case .uint8: throw refuse("observations of uint8 are")
    case .unrecognized(let number): throw refuse("element type \(number) is")
    }
    if query.want.contains(.actions) || query.actionMode != .noActions { throw refuse("actions are") }
    if query.want.contains(.features) || !query.featuresLayer.isEmpty { throw refuse("hidden features are") }
    if !query.want.isSubset(of: [.outputs, .values, .actions, .features]) {
      throw refuse("some of what is wanted (bits \(query.want.rawValue)) is")
    }
    if query.leaseVersion != 0 { throw refuse("leases are") }
  }

  // MARK: Other calls

  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<TeacherLoop>) {
    let control = control
    let who = connection.client
    let eventLoop = eventLoop
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    Task {
      let body: V1.Body
      do {
        body = try await control.answer(request, who: who)
      } catch {
        body = .status(WireStatus(describing: error))
      }
      eventLoop.execute { bound.value.answer(call, with: body) }
    }
  }
}

extension WireStatus {
  static func unknownModel(_ name: String, known: [String]) -> WireStatus {
    let list = known.isEmpty ? "none is served" : "served: " + known.joined(separator: ", ")
    return WireStatus(.notFound, "no model \(name.isEmpty ? "without a name" : name) (\(list))")
  }
}

/// Answers what is no query, off the event loops.
protocol ControlPlane: Sendable {
  func answer(_ request: ServerRequest, who: String) async throws -> V1.Body
}

/// Computes the batches of networks that are too large for an event loop.
protocol ComputeThread: Sendable {
  func run(_ body: @escaping @Sendable () -> Void)
}
