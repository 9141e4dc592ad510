/// How a ``TeacherClient`` connects.
public struct ClientConfiguration: Sendable {
  /// A name for the server's log.
  public var name: String
  /// Empty where the server asks for none.
  public var token: String
  /// For the TCP connection and the handshake together.
  public var connectTimeout: Duration
  /// A connection on which nothing came for so long is pinged. A shorter time notices a lost server sooner and costs
  /// idle connections traffic.
  public var keepaliveTime: Duration
  /// A connection on which nothing came for so long after a ping is gone.
  public var keepaliveTimeout: Duration
  /// The largest frame that is read; the server's own limit bounds what is written.
  public var frameBytesMax: Int

  public static let defaults = ClientConfiguration()

  public init(
    name: String = "docent", token: String = "", connectTimeout: Duration = .seconds(10),
    keepaliveTime: Duration = .seconds(20), keepaliveTimeout: Duration = .seconds(20),
    frameBytesMax: Int = 64 << 20
  ) {
    self.name = name
    self.token = token
    self.connectTimeout = connectTimeout
    self.keepaliveTime = keepaliveTime
    self.keepaliveTimeout = keepaliveTimeout
    self.frameBytesMax = frameBytesMax
  }
}
