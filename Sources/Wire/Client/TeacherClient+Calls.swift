// The calls of one request and one reply.
extension TeacherClient {
  /// Asks one query. `request.rows` keeps to ``limits``: this does not split.
  ///
  /// - Parameter request: where no timeout is given and the request has a deadline, that is the timeout.
  public func infer(
    _ request: V1.InferRequest, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.InferReply {
    var timeout = timeout
    if timeout == nil, request.deadlineMicroseconds > 0 {
      timeout = .microseconds(Int64(clamping: request.deadlineMicroseconds))
    }
    let options = pool.options(timeout, waitForReady)
    guard case .inferReply(let reply) = try await pool.call(.infer(request), rows: request.rows, options) else {
      throw .mismatch
    }
    return reply
  }

  /// A model, and the version that the words mean now.
  public func describe(
    model: String, version: UInt64 = 0, alias: String = "", timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.DescribeReply {
    let request = V1.DescribeRequest(model: model, version: version, alias: alias)
    guard case .describeReply(let reply) = try await call(.describe(request), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply
  }

  /// Every model of the service.
  public func listModels(timeout: Duration? = nil, waitForReady: Bool? = nil) async throws(WireStatus) -> [V1.Model] {
    guard case .listModelsReply(let reply) = try await call(.listModels(.init()), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply.models
  }

  /// Whether queries are answered.
  /// - Parameter model: empty for the whole service.
  public func health(
    model: String = "", timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.Serving {
    guard case .healthReply(let reply) = try await call(.health(.init(model: model)), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply.serving
  }

  /// Whether queries are answered, now and at every change.
  /// - Parameter model: empty for the whole service; for one that is not there the watch says SERVICE_UNKNOWN.
  public func watchHealth(model: String = "") -> HealthWatch { HealthWatch(client: self, model: model) }

  /// Moves, makes or removes an alias.
  ///
  /// - Parameter request: gets an id where it has none, so that asking it again is safe.
  public func alias(
    _ request: V1.AliasRequest, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.AliasReply {
    var request = request
    if request.requestID.isEmpty { request.requestID = Self.newRequestID() }
    guard case .aliasReply(let reply) = try await call(.alias(request), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply
  }

  /// Every change of a model's aliases, oldest first.
  public func history(
    model: String, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> [V1.AliasChange] {
    guard case .historyReply(let reply) = try await call(.history(.init(model: model)), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply.changes
  }

  /// Recomputes artefacts' SHA-256 and golden outputs.
  /// - Parameter model: empty for all of them.
  public func verify(
    model: String = "", timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> [V1.VerifyResult] {
    guard case .verifyReply(let reply) = try await call(.verify(.init(model: model)), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply.results
  }

  /// A round trip through the server, once: it says whether a connection lives, so it is not tried again on another.
  public func ping(timeout: Duration? = nil, waitForReady: Bool? = nil) async throws(WireStatus) {
    let options = pool.options(timeout, waitForReady)
    do {
      try await pool.ready(options).ping(options.deadline)
    } catch {
      throw error.status
    }
  }

  func call(
    _ body: V1.Body, _ timeout: Duration?, _ waitForReady: Bool?
  ) async throws(WireStatus) -> V1.Body {
    try await pool.call(body, pool.options(timeout, waitForReady))
  }

  /// 128 random bits.
  static func newRequestID() -> String {
    (0..<2).map { _ in
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

extension WireStatus {
  static let mismatch = WireStatus(.internalError, "the server's reply is of another call")
}
