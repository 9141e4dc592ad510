/// What the connections of one event loop have seen since its start. None of it goes down but ``connectionsOpen``.
public struct ServerCounters: Sendable {
  public var connectionsAccepted: UInt64 = 0
  public var connectionsOpen = 0
  /// Connections by why they ended.
  public var connectionsEnded: [ConnectionEnd: UInt64] = [:]
  /// Frames, and other protocols' bytes, that ended their connection.
  public var framesRefused: [FrameRefusal.Reason: UInt64] = [:]
  /// Calls that were refused, by the connection or by its service.
  public var callsRefused: [CallRefusal: UInt64] = [:]
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0
  public var turns: UInt64 = 0

  public init() {}
}

/// Why a connection ended.
public enum ConnectionEnd: String, Hashable, Sendable, CaseIterable {
  /// The client closed it.
  case client
  /// It was drained, by either end.
  case drained
  /// A frame was refused.
  case frame
  /// `Hello` was refused: its protocol number, its token, or its absence.
  case greeting
  /// There was no place for it.
  case limit
  /// Nothing came, and no answer to a ping.
  case silent
  /// What was granted to it was revoked.
  case revoked
  /// Reading or writing failed.
  case error
}

/// Why a call got no answer, where the server was the cause or the caller asked for what it may not have.
public enum CallRefusal: String, Hashable, Sendable, CaseIterable {
  case queueFull = "queue_full"
  case rowsInFlight = "rows_in_flight"
  case callsInFlight = "calls_in_flight"
  case rate
  case permission
  case deadline
  case invalid
  case unknownModel = "unknown_model"
  case precondition
  case unimplemented
  case other

  /// What a refusal by a service is counted as.
  public init(_ code: WireStatus.Code) {
    switch code {
    case .resourceExhausted: self = .queueFull
    case .deadlineExceeded: self = .deadline
    case .invalidArgument: self = .invalid
    case .notFound: self = .unknownModel
    case .failedPrecondition: self = .precondition
    case .unimplemented: self = .unimplemented
    default: self = .other
    }
  }
}
