// Messages about connection, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// A client's first frame. Nothing else is read before it.
  public struct Hello: Hashable, Sendable {
    /// ``WireLimits/protocolNumber`` of the client.
    public var protocolNumber: Int
    /// A name for the server's log.
    public var client: String
    /// Empty where the server asks for none.
    public var token: String
    /// What the client can do beyond the protocol's number.
    public var features: [String]

    public init(protocolNumber: Int = 0, client: String = "", token: String = "", features: [String] = []) {
      self.protocolNumber = protocolNumber
      self.client = client
      self.token = token
      self.features = features
    }
  }

  /// The server's answer to ``Hello``: what it is, and how much it takes.
  public struct Welcome: Hashable, Sendable {
    /// ``WireLimits/protocolNumber`` of the server.
    public var protocolNumber: Int
    /// A name for the client's log.
    public var server: String
    /// Payload bytes of a frame.
    public var frameBytesMax: Int
    /// Rows of one query; a client splits what is larger.
    public var rowsPerCallMax: Int
    /// Open calls of one connection.
    public var callsInFlightMax: Int
    /// Rows of all open queries of one connection.
    public var rowsInFlightMax: Int
    /// What the server can do beyond the protocol's number.
    public var features: [String]

    public init(
      protocolNumber: Int = 0, server: String = "", frameBytesMax: Int = 0, rowsPerCallMax: Int = 0,
      callsInFlightMax: Int = 0, rowsInFlightMax: Int = 0, features: [String] = []
    ) {
      self.protocolNumber = protocolNumber
      self.server = server
      self.frameBytesMax = frameBytesMax
      self.rowsPerCallMax = rowsPerCallMax
      self.callsInFlightMax = callsInFlightMax
      self.rowsInFlightMax = rowsInFlightMax
      self.features = features
    }
  }

  /// Calls numbered above `lastCall` were not started and are safe to retry elsewhere; the others finish.
  public struct GoAway: Hashable, Sendable {
    /// The highest call that the sender started.
    public var lastCall: UInt32
    /// Why.
    public var status: WireStatus

    public init(lastCall: UInt32 = 0, status: WireStatus) {
      self.lastCall = lastCall
      self.status = status
    }
  }
}
