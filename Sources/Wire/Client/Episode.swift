import Synchronization

/// One episode: its queries carry its id and the version that answered the first of them, and at its end its return is
/// reported for that version.
///
/// A version that is promoted or started meanwhile takes no part in it. One that is rolled back does not finish it: then
/// another one answers, and ``isMoved`` says so.
public final class Episode: Sendable {
  private struct State {
    var version: UInt64 = 0
    var isMoved = false
  }

  public let id: UInt64
  public let model: String
  public let alias: String
  private let client: TeacherClient
  private let state = Mutex(State())

  init(id: UInt64, model: String, alias: String, client: TeacherClient) {
    precondition(id != 0, "0 stands for no episode")
    (self.id, self.model, self.alias, self.client) = (id, model, alias, client)
  }

  /// The version that plays it; 0 before the first answer.
  public var version: UInt64 { state.withLock(\.version) }

  /// The version that began it was taken away, and another one plays on.
  public var isMoved: Bool { state.withLock(\.isMoved) }

  /// Asks a query of this episode.
  ///
  /// - Parameter request: its model, version, alias, episode and lease are this episode's.
  public func infer(
    _ request: V1.InferRequest, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> V1.InferReply {
    var request = request
    request.model = model
    request.version = 0
    request.alias = alias
    request.episode = id
    request.leaseVersion = version
    let reply = try await client.infer(request, timeout: timeout, waitForReady: waitForReady)
    state.withLock { state in
      if reply.leaseMoved || (state.version != 0 && reply.version != state.version) { state.isMoved = true }
      state.version = reply.version
    }
    return reply
  }

  /// Reports how it ended. What two versions played says nothing of either, and is not reported.
  ///
  /// - Parameters:
  ///   - episodeReturn: the undiscounted sum of its rewards.
  ///   - steps: how long it was.
  /// - Returns: whether it was reported: it was asked at all, and one version played it.
  @discardableResult
  public func report(
    episodeReturn: Double, steps: UInt64, timeout: Duration? = nil, waitForReady: Bool? = nil
  ) async throws(WireStatus) -> Bool {
    let state = state.withLock { $0 }
    guard state.version != 0, !state.isMoved else { return false }
    try await client.report(
      V1.ReportRequest(
        model: model, version: state.version, episode: id, episodeReturn: episodeReturn, steps: steps),
      timeout: timeout, waitForReady: waitForReady)
    return true
  }
}
