/// How much an end of a connection takes. A server says its own in `Welcome`.
public struct WireLimits: Hashable, Sendable {
  /// The number of this protocol, in `Hello` and in `Welcome`.
  public static let protocolNumber = 1
  /// Data bytes of one chunk of an artefact.
  public static let chunkBytesMax = 64 * 1024
  /// A client reconnects before its call numbers reach this.
  public static let callNumberMax: UInt32 = 1 << 31 - 1

  /// Payload bytes of one frame. A larger one costs its sender the connection, so raise it only where observations are
  /// large: it bounds what a connection may make the other end hold.
  public var frameBytesMax: Int
  /// Rows of one query.
  public var rowsPerCallMax: Int
  /// Open calls of one connection.
  public var callsInFlightMax: Int
  /// Rows of all open queries of one connection.
  public var rowsInFlightMax: Int

  /// gRPC's frame limit, and room for pipelines deeper than a batch.
  public static let defaults = WireLimits(
    frameBytesMax: 4 << 20, rowsPerCallMax: 4096, callsInFlightMax: 1024, rowsInFlightMax: 32768)

  public init(frameBytesMax: Int, rowsPerCallMax: Int, callsInFlightMax: Int, rowsInFlightMax: Int) {
    precondition(
      frameBytesMax > 0 && rowsPerCallMax > 0 && callsInFlightMax > 0 && rowsInFlightMax >= rowsPerCallMax,
      "limits are positive, and a connection may have at least one whole call in flight")
    self.frameBytesMax = frameBytesMax
    self.rowsPerCallMax = rowsPerCallMax
    self.callsInFlightMax = callsInFlightMax
    self.rowsInFlightMax = rowsInFlightMax
  }

  /// What a server says of itself.
  public init(_ welcome: V1.Welcome) {
    frameBytesMax = welcome.frameBytesMax
    rowsPerCallMax = welcome.rowsPerCallMax
    callsInFlightMax = welcome.callsInFlightMax
    rowsInFlightMax = welcome.rowsInFlightMax
  }

  /// The greeting of a server with these limits.
  public func welcome(server: String) -> V1.Welcome {
    V1.Welcome(
      protocolNumber: Self.protocolNumber, server: server, frameBytesMax: frameBytesMax,
      rowsPerCallMax: rowsPerCallMax, callsInFlightMax: callsInFlightMax, rowsInFlightMax: rowsInFlightMax)
  }
}
