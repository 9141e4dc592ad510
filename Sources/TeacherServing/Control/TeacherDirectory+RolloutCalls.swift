import Logging
import NIOCore
import Neural
import RolloutControl
import Wire

// The calls about rollouts.
extension TeacherDirectory {
  private static let planBytesMax = 1 << 16

  func rollout(_ request: V1.RolloutRequest, who: String) async throws -> V1.RolloutReply {
    _ = try entry(request.model)
    switch request.action {
    case .status: return try entry(request.model).latestRollout ?? V1.RolloutReply(model: request.model)
    case .history: return try await rolloutHistory(request.model)
    case .unrecognized(let number):
      throw WireStatus(.invalidArgument, "action \(number) of a rollout is not known, expected 0 to 7")
    default:
      guard let rollouts else { throw WireStatus(.unimplemented, "this service keeps no rollouts") }
      try requireShort(request.reason)
      return try await changing { try await self.steer(request, who: who, rollouts) }
    }
  }

  private func rolloutHistory(_ model: String) async throws -> V1.RolloutReply {
    let records = try await rollouts?.rollouts(of: model) ?? []
    let events = try await rollouts?.events(of: model) ?? []
    return V1.RolloutReply(model: model, events: events, rollouts: records.map { V1.RolloutRecord($0) })
  }

  /// - Returns: how the rollout stands after the change; without a rollout where a rollback ended none.
  private func steer(
    _ request: V1.RolloutRequest, who: String, _ rollouts: any RolloutStore
  ) async throws -> V1.RolloutReply {
    let change = RolloutChangeRequest(who: who, why: request.reason, requestID: request.requestID)
    let stored: StoredRollout? =
      switch request.action {
      case .start: try await start(request, change, rollouts)
      case .rollback: try await rollBack(request, change, rollouts)
      case .pause: try await self.change(request.model, .pause, change, rollouts)
      case .resume: try await self.change(request.model, .resume, change, rollouts)
      case .promote: try await self.change(request.model, .promote, change, rollouts)
      default: try await self.change(request.model, .abort, change, rollouts)
      }
    try await readModels()
    await publishCatalogue()
    var said: Logger.Metadata = ["model": "\(request.model)", "who": "\(who)"]
    if let stored { said.merge(["rollout": "\(stored.id)", "state": "\(stored.state.rawValue)"]) { $1 } }
    logger.info("rollout \(request.action)", metadata: said)
    guard let stored else { return V1.RolloutReply(model: request.model) }
    // Of a request that was made before, the answer is as it was then.
    let latest = try entry(request.model).latestRollout
    return latest?.rollout == stored.id && latest?.revision == stored.revision ? latest! : V1.RolloutReply(stored)
  }

  // MARK: A start

  private func start(
    _ request: V1.RolloutRequest, _ change: RolloutChangeRequest, _ rollouts: any RolloutStore
  ) async throws -> StoredRollout {
    let plan = try Self.plan(of: request)
    try await load(try known(plan.candidate, in: try entry(request.model).model), of: request.model)
    try requireComparable(plan, in: try entry(request.model))
    return try await rollouts.start(
      model: request.model, candidate: plan.candidate, plan: request.version == 0 ? request.plan : plan.text,
      weightPercent: plan.weightPercent(step: 0), change)
  }

  private static func plan(of request: V1.RolloutRequest) throws(WireStatus) -> RolloutPlan {
    guard request.plan.utf8.count <= planBytesMax else {
      throw WireStatus(
        .invalidArgument, "a plan of \(request.plan.utf8.count) bytes, expected at most \(planBytesMax)")
    }
    do {
      var plan = try RolloutPlan(yaml: request.plan)
      guard request.version == 0 || plan.candidate == 0 || plan.candidate == request.version else {
        throw WireStatus(
          .invalidArgument,
          "version \(request.version) is to be rolled out, and the plan's candidate is \(plan.candidate): expected one")
      }
      if request.version != 0 { plan.candidate = request.version }
      try plan.validate()
      return plan
    } catch let error as PlanError {
      throw WireStatus(.invalidArgument, "the rollout's plan: \(error.message)")
    } catch {
      throw WireStatus(describing: error)
    }
  }

  /// Whoever queries `stable` must be able to query the candidate, and what gates compare must be there.
  private func requireComparable(_ plan: RolloutPlan, in entry: Entry) throws(WireStatus) {
    // Without `stable` there is nothing to roll out against, which the store says.
    guard let target = entry.servedAliases.first(where: { $0.alias == "stable" }),
      let stable = entry.loaded[target.version]?.policy.policy.architecture,
      let candidate = entry.loaded[plan.candidate]?.policy.policy.architecture
    else { return }
    guard stable.observationWidth == candidate.observationWidth, stable.head == candidate.head else {
      throw WireStatus(
        .failedPrecondition,
        "version \(plan.candidate) of model \(entry.model.name) takes \(candidate.observationWidth) numbers and has the "
          + "head \(candidate.head); expected what clients of version \(target.version), which is stable, rely on: "
          + "\(stable.observationWidth) and \(stable.head)")
    }
    guard plan.gates.contains(where: { $0.metric == .value }), !(stable.hasValue && candidate.hasValue) else { return }
    throw WireStatus(
      .failedPrecondition,
      "the plan has a gate on values, which version \(stable.hasValue ? plan.candidate : target.version) of model "
        + "\(entry.model.name) does not have; expected a plan without")
  }

  // MARK: Changes

  /// The version to return to is loaded first, as with any alias that moves.
  private func rollBack(
    _ request: V1.RolloutRequest, _ change: RolloutChangeRequest, _ rollouts: any RolloutStore
  ) async throws -> StoredRollout? {
    let entry = try entry(request.model)
    if request.version != 0 { _ = try known(request.version, in: entry.model) }
    let before = entry.standing.active?.baseline ?? entry.standing.previousStable.first
    if let target = request.version == 0 ? before : request.version { try await load(target, of: request.model) }
    return try await rollouts.rollBack(
      model: request.model, to: request.version == 0 ? nil : request.version, change)
  }

  private func change(
    _ model: String, _ change: RolloutChange, _ request: RolloutChangeRequest, _ rollouts: any RolloutStore
  ) async throws -> StoredRollout {
    let entry = try entry(model)
    guard let newest = entry.standing.newest else {
      throw WireStatus(.failedPrecondition, "model \(model) has had no rollout; start one")
    }
    if change == .promote { try await load(newest.candidate, of: model) }
    var request = request
    // Where another service controls the rollout, this one has what that one stored last: of a step that goes on it
    // stays, and what a promoted version is compared with is taken from it.
    if ownership.isHeld(at: .now()) || change == .promote { request.evidence = entry.run?.evidence(after: change) }
    return try await rollouts.change(newest.id, change, request)
  }

  // MARK: Reports

  /// An episode of a version that no rollout is about counts for nothing.
  func report(_ request: V1.ReportRequest) throws {
    _ = try known(request.version, in: try entry(request.model).model)
    guard request.episodeReturn.isFinite else {
      throw WireStatus(.invalidArgument, "a return of \(request.episodeReturn), expected a finite number")
    }
    guard ownership.isHeld(at: .now()), let arm = entries[request.model]?.run?.arm(of: request.version) else { return }
    try entries[request.model]?.run?.take(request, arm: arm)
  }
}
