/// How a ``TeacherClient`` connects and how it calls.
public struct ClientConfiguration: Sendable {
  /// A name for the server's log.
  public var name: String
  /// Empty where the server asks for none.
  public var token: String
  /// nil: connections are not encrypted, and whoever is between the two ends reads the token too.
  public var tls: ClientTLS?
  /// Connections that calls are spread over; publishing and fetching take another each. One carries any number of calls;
  /// more of them help where the server has several event loops, and cost it memory.
  public var connections: Int
  /// For the connection and the handshakes together.
  public var connectTimeout: Duration
  /// Between attempts at a connection, from the beginning of one to the beginning of the next.
  public var reconnect: Backoff
  /// A connection on which nothing came for so long is pinged. A shorter time notices a lost server sooner and costs
  /// idle connections traffic.
  public var keepaliveTime: Duration
  /// A connection on which nothing came for so long after a ping is gone.
  public var keepaliveTimeout: Duration
  /// The largest frame that is read; the server's own limit bounds what is written.
  public var frameBytesMax: Int
  /// The largest artefact that is fetched, which is held in memory.
  public var artefactBytesMax: Int
  /// Of a call that names none, all its attempts together; nil: it has all the time in the world.
  public var timeout: Duration?
  /// Whether calls wait while there is no connection instead of failing with UNAVAILABLE once an attempt at one failed.
  /// Give such calls a timeout: a server that never comes is waited for as long.
  public var waitForReady: Bool
  public var retries: RetryPolicy
  /// What tests script.
  var timing = ClientTiming.real

  public static let defaults = ClientConfiguration()

  /// - Precondition: at least one connection.
  public init(
    name: String = "docent", token: String = "", tls: ClientTLS? = nil, connections: Int = 1,
    connectTimeout: Duration = .seconds(10), reconnect: Backoff = Backoff(initial: .seconds(1)),
    keepaliveTime: Duration = .seconds(20), keepaliveTimeout: Duration = .seconds(20),
    frameBytesMax: Int = 64 << 20, artefactBytesMax: Int = 256 << 20, timeout: Duration? = nil,
    waitForReady: Bool = false, retries: RetryPolicy = .defaults
  ) {
    precondition(connections >= 1, "a client has at least one connection")
    self.name = name
    self.token = token
    self.tls = tls
    self.connections = connections
    self.connectTimeout = connectTimeout
    self.reconnect = reconnect
    self.keepaliveTime = keepaliveTime
    self.keepaliveTimeout = keepaliveTimeout
    self.frameBytesMax = frameBytesMax
    self.artefactBytesMax = artefactBytesMax
    self.timeout = timeout
    self.waitForReady = waitForReady
    self.retries = retries
  }
}

/// Where a client's waits and their jitter come from.
struct ClientTiming: Sendable {
  /// 0 up to 1, drawn evenly.
  var random: @Sendable () -> Double
  /// Before a task's call is asked again.
  var pause: @Sendable (Duration) async throws -> Void
  /// Before a thread's query is asked again.
  var block: @Sendable (Duration) -> Void

  static let real = ClientTiming(
    random: { Double.random(in: 0..<1) },
    pause: { try await Task.sleep(for: $0) },
    block: { blockThread(for: $0) })
}
