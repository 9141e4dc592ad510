public import NIOCore

/// What a server says of itself and takes from its clients.
public struct ServerSettings: Sendable {
  /// The name in `Welcome`.
  public var name: String
  public var limits: WireLimits
  /// Bytes of a published artefact.
  public var artefactBytesMax: Int
  /// Bytes that all publishes under way may hold together.
  public var publishedBytesMax: Int
  /// Connections of all event loops. Each takes a descriptor of the process, so raise it with the process's limit.
  public var connectionsMax: Int
  /// Unsent bytes at which a connection is no longer read from, until a quarter of them is left.
  public var unsentBytesMax: Int
  /// How long the reader of a last GoAway has to take it and close.
  public var lingering: TimeAmount
  /// How long after connecting `Hello` may come, a TLS handshake included.
  public var helloTimeout: TimeAmount
  /// A connection on which nothing came for so long is pinged. A shorter time notices a lost client sooner and costs idle
  /// connections traffic. Rounded up to ``ServerSettings/keepaliveStep``.
  public var keepaliveTime: TimeAmount
  /// A connection on which nothing came for so long after a ping is gone.
  public var keepaliveTimeout: TimeAmount

  public static let defaults = ServerSettings(name: "docent")

  public init(
    name: String, limits: WireLimits = .defaults, artefactBytesMax: Int = 256 << 20,
    publishedBytesMax: Int = 512 << 20, connectionsMax: Int = 16384, unsentBytesMax: Int = 1 << 20,
    lingering: TimeAmount = .seconds(2), helloTimeout: TimeAmount = .seconds(5),
    keepaliveTime: TimeAmount = .seconds(60), keepaliveTimeout: TimeAmount = .seconds(20)
  ) {
    precondition(
      artefactBytesMax > 0 && publishedBytesMax >= artefactBytesMax && connectionsMax > 0 && unsentBytesMax >= 4,
      "limits are positive, and one artefact fits among all of them")
    precondition(
      [lingering, helloTimeout, keepaliveTime, keepaliveTimeout].allSatisfy { $0.nanoseconds > 0 },
      "times are positive")
    self.name = name
    self.limits = limits
    self.artefactBytesMax = artefactBytesMax
    self.publishedBytesMax = publishedBytesMax
    self.connectionsMax = connectionsMax
    self.unsentBytesMax = unsentBytesMax
    self.lingering = lingering
    self.helloTimeout = helloTimeout
    self.keepaliveTime = keepaliveTime
    self.keepaliveTimeout = keepaliveTimeout
  }

  /// Payload bytes of a frame before the client is known: a `Hello` is small, and strangers are given no memory.
  public static let helloBytesMax = 16 << 10

  /// How often silent connections are looked for: one timer an event loop does it for all of them.
  public var keepaliveStep: TimeAmount {
    .nanoseconds(max(1, min(keepaliveTime.nanoseconds, keepaliveTimeout.nanoseconds) / 4))
  }
}
