/// What answers the calls of a server's connections, on one event loop.
///
/// Every call that is handed over is answered exactly once, then or later, on the same event loop, by a function of its
/// connection; also after the connection has closed, when the answer goes nowhere. `call` and `rows` are given back as
/// they came.
public protocol ConnectionService: AnyObject, SendableMetatype {
  /// A query, of 1 to `WireLimits.rowsPerCallMax` rows; nothing else of it was checked. The view ends with the call.
  func infer(_ query: InferRequestView, on connection: ServerConnection<Self>)

  /// Any other call, which the client's access allows.
  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<Self>)

  /// The caller has given up a call: where it is open it is answered CANCELLED at once.
  func cancel(call: UInt32, on connection: ServerConnection<Self>)

  /// The connection has closed with calls open: nobody waits for their answers. Each is still answered once.
  func abandon(_ connection: ServerConnection<Self>)

  /// The connection takes nothing more, and closes when what is open is answered: calls that would last until their
  /// caller gives them up are answered now.
  func endWatches(of connection: ServerConnection<Self>)

  /// Everything that was readable in this turn of the event loop has been handed over; replies are sent after it.
  func runTurn()

  /// What the turn's answers were has been written.
  func turnWritten()

  /// Microseconds that the work which is queued now will take; what an overloaded server tells its clients to wait.
  var backlogMicroseconds: UInt64 { get }
}

/// A call other than a query, as the server's service sees it.
public enum ServerRequest: Sendable {
  case describe(V1.DescribeRequest)
  case health(V1.HealthRequest)
  case listModels
  case alias(V1.AliasRequest)
  case history(V1.HistoryRequest)
  case verify(V1.VerifyRequest)
  /// All chunks are there; their SHA-256 is not checked.
  case publish(V1.PublishHeader, artefact: [UInt8])
  case fetch(V1.FetchRequest)
  case rollout(V1.RolloutRequest)
  case report(V1.ReportRequest)
  case watch(V1.WatchRequest)
  /// A call that this server does not know.
  case unimplemented(name: String)

  /// What a client must be allowed to do; empty: nothing.
  public var scope: Scopes {
    switch self {
    case .describe, .listModels, .history, .report, .watch: .query
    case .rollout(let request): [.status, .history].contains(request.action) ? .query : .operate
    // A probe has no token, and learns no more than that somebody is there.
    case .health, .unimplemented: []
    case .alias, .verify: .operate
    case .publish, .fetch: .publish
    }
  }

  init?(_ body: V1.Body) {
    switch body {
    case .describe(let request): self = .describe(request)
    case .health(let request): self = .health(request)
    case .listModels: self = .listModels
    case .alias(let request): self = .alias(request)
    case .history(let request): self = .history(request)
    case .verify(let request): self = .verify(request)
    case .fetch(let request): self = .fetch(request)
    case .rollout(let request): self = .rollout(request)
    case .report(let request): self = .report(request)
    case .watch(let request): self = .watch(request)
    case .unrecognized: self = .unimplemented(name: "a message of a newer schema")
    default: return nil
    }
  }
}
