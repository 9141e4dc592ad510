import NIOCore

// Artefacts, on connections of their own so that no query waits behind them.
extension TeacherClient {
  /// Publishes a version.
  ///
  /// - Parameters:
  ///   - header: its `artefactBytes` is taken from `artefact`; it gets a request id where it has none, so that asking it
  ///     again is safe.
  ///   - artefact: the policy's safetensors, whose SHA-256 the header has.
  /// - Returns: the version's number; it is durable then, and loaded.
  public func publish(
    _ header: V1.PublishHeader, artefact: [UInt8], timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.PublishReply {
    var header = header
    header.artefactBytes = UInt64(artefact.count)
    if header.requestID.isEmpty { header.requestID = Self.newRequestID() }
    let body = try await onBulkConnection(timeout, waitForReady) {
      [header] (connection, deadline) async throws(AttemptFailure) in
      try await connection.publish(header, artefact, deadline)
    }
    guard case .publishReply(let reply) = body else { throw .mismatch }
    return reply
  }

  /// Fetches a version's artefact, and checks its size and SHA-256.
  ///
  /// - Throws: ``WireStatus``: DATA_LOSS where it is not what its header says.
  public func fetch(
    model: String, version: UInt64 = 0, alias: String = "", timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> FetchedArtefact {
    let request = V1.FetchRequest(model: model, version: version, alias: alias)
    let most = pool.configuration.artefactBytesMax
    return try await onBulkConnection(timeout, waitForReady) { (connection, deadline) async throws(AttemptFailure) in
      let promise = connection.channel.eventLoop.makePromise(of: FetchedArtefact.self)
      let receiver = FetchReceiver(artefactBytesMax: most, promise: promise)
      let call = ClientCall(.fetch(request), deadline: deadline, to: receiver)
      return try await connection.outcome(of: promise.futureResult, call)
    }
  }

  /// Every attempt has a connection to itself.
  private func onBulkConnection<Value: Sendable>(
    _ timeout: Duration?, _ waitForReady: Bool?,
    _ body: @Sendable @escaping (ClientConnection, CallDeadline?) async throws(AttemptFailure) -> Value
  ) async throws(WireStatus) -> Value {
    let options = pool.options(timeout, waitForReady)
    return try await pool.retrying(options.deadline) { () async throws(AttemptFailure) in
      if case .closed(let status) = self.pool.pick() { throw AttemptFailure(status) }
      let bulk = self.bulkPool()
      defer { bulk.close(.clientClosed) }
      return try await body(bulk.ready(options), options.deadline)
    }
  }
}

extension ClientConnection {
  /// Sends an artefact in chunks, each when the one before it is in the socket; stops where the server refuses.
  ///
  /// - Precondition: it is the connection's only call.
  fileprivate func publish(
    _ header: V1.PublishHeader, _ artefact: [UInt8], _ deadline: CallDeadline?
  ) async throws(AttemptFailure) -> V1.Body {
    let promise = channel.eventLoop.makePromise(of: V1.Body.self)
    let call = ClientCall(.publish(header), deadline: deadline, to: UnaryReceiver(promise: promise))
    // The end of the call ends a chunk that the server does not take.
    promise.futureResult.whenComplete { _ in
      self.channel.eventLoop.execute { self.close(.clientClosed) }
    }
    do {
      return try await withTaskCancellationHandler {
        open(call)
        await send(artefact)
        return try await promise.futureResult.get()
      } onCancel: {
        end(call, .cancelledByCaller)
      }
    } catch {
      throw error as? AttemptFailure ?? AttemptFailure(WireStatus(describing: error))
    }
  }

  private func send(_ artefact: [UInt8]) async {
    for start in stride(from: 0, to: artefact.count, by: WireLimits.chunkBytesMax) where isOpen(1) {
      let end = min(start + WireLimits.chunkBytesMax, artefact.count)
      let chunk = V1.Chunk(offset: UInt64(start), data: Array(artefact[start..<end]))
      // A connection that is lost says so in the reply's status.
      guard (try? await write(V1.Frame(call: 1, .chunk(chunk))).get()) != nil else { break }
    }
  }

  /// A ping that ends at the deadline and with its task.
  func ping(_ deadline: CallDeadline?) async throws(AttemptFailure) {
    let (number, answer) = ping()
    let timer = deadline.map { deadline in
      channel.eventLoop.scheduleTask(deadline: deadline.at) { self.forget(ping: number, deadline.passed) }
    }
    defer { timer?.cancel() }
    do {
      try await withTaskCancellationHandler {
        try await answer.get()
      } onCancel: {
        forget(ping: number, .cancelledByCaller)
      }
    } catch {
      throw error as? AttemptFailure ?? AttemptFailure(WireStatus(describing: error))
    }
  }
}
