/// What answers the calls of a server's connections, on one event loop.
///
/// Every call that is handed over is answered exactly once, then or later, on the same event loop, by a function of its
/// connection; also after the connection has closed, when the answer goes nowhere. `call` and `rows` are given back as
/// they came.
public protocol ConnectionService: AnyObject, SendableMetatype {
  /// A query, of 1 to `WireLimits.rowsPerCallMax` rows; nothing else of it was checked. The view ends with the call.
  func infer(_ query: InferRequestView, on connection: ServerConnection<Self>)

  /// Any other call.
  func handle(_ request: ServerRequest, call: UInt32, on connection: ServerConnection<Self>)

  /// The caller has given up a query. Where it is still queued it is answered CANCELLED.
  func cancelQuery(call: UInt32, on connection: ServerConnection<Self>)

  /// Everything that was readable in this turn of the event loop has been handed over; replies are sent after it.
  func runTurn()
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
  /// A call that this server does not know.
  case unimplemented(name: String)
}
