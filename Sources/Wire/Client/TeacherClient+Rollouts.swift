// The calls about rollouts, and what their evidence and their readers need.
extension TeacherClient {
  /// Starts or steers a rollout, or says where it stands.
  ///
  /// - Parameter request: gets an id where it changes something and has none, so that asking it again is safe.
  /// - Returns: where the model's rollout stands after the change; with ``V1/RolloutAction/history`` all of them.
  public func rollout(
    _ request: V1.RolloutRequest, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.RolloutReply {
    var request = request
    if request.requestID.isEmpty, ![.status, .history].contains(request.action) {
      request.requestID = Self.newRequestID()
    }
    guard case .rolloutReply(let reply) = try await call(.rollout(request), timeout, waitForReady) else {
      throw .mismatch
    }
    return reply
  }

  /// Reports how an episode ended. An episode counts once: reporting it again is safe.
  public func report(
    _ request: V1.ReportRequest, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) {
    guard case .reportReply = try await call(.report(request), timeout, waitForReady) else { throw .mismatch }
  }

  /// What happens to a model from now on: versions, aliases and rollouts.
  /// - Parameter model: empty for all of them.
  public func watch(model: String = "") -> ModelWatch { ModelWatch(client: self, model: model) }

  /// An episode of a policy behind an alias, which one version plays to its end.
  ///
  /// - Parameters:
  ///   - alias: empty for `stable`.
  ///   - id: tells it from every other episode of the model, and is not 0; nil for a random one.
  public func episode(of model: String, alias: String = "", id: UInt64? = nil) -> Episode {
    Episode(id: id ?? .random(in: 1 ... .max), model: model, alias: alias, client: self)
  }
}
