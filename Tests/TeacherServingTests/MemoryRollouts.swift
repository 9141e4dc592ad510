import Synchronization
import TeacherServing
import Wire

/// Rollouts in memory, as the registry keeps them.
final class MemoryRollouts: RolloutStore {
  private struct State {
    var rollouts: [StoredRollout] = []
    var events: [V1.RolloutEvent] = []
    var withdrawn: Set<UInt64> = []
    var left: [UInt64: Int64] = [:]
    var previousStable: [UInt64] = []
    var fence: Int64? = 1
    var failure: WireStatus?
    var saves = 0
  }

  private let state = Mutex(State())
  private let store: MemoryStore
  private let clock: @Sendable () -> Int64

  init(_ store: MemoryStore, clock: @escaping @Sendable () -> Int64) {
    self.store = store
    self.clock = clock
  }

  var rollouts: [StoredRollout] { state.withLock(\.rollouts) }
  var events: [V1.RolloutEvent] { state.withLock(\.events) }
  var saves: Int { state.withLock(\.saves) }

  /// Every change fails so, until it is nil again.
  func fail(with failure: WireStatus?) { state.withLock { $0.failure = failure } }
  /// nil: another service controls the rollouts.
  func own(_ fence: Int64?) { state.withLock { $0.fence = fence } }
  func leave(_ version: UInt64, at microseconds: Int64) { state.withLock { $0.left[version] = microseconds } }
  func hadStable(_ versions: [UInt64]) { state.withLock { $0.previousStable = versions } }

  func standing() async throws -> [String: RolloutStanding] {
    state.withLock { state in
      [
        "m": RolloutStanding(
          newest: state.rollouts.first, withdrawn: state.withdrawn,
          leftMicroseconds: state.left, previousStable: state.previousStable)
      ]
    }
  }

  func start(
    model: String, candidate: UInt64, plan: String, weightPercent: Double, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout {
    let baseline = store.stored[0].aliases.first { $0.alias == "stable" }?.version ?? 0
    let now = clock()
    return try state.withLock { state in
      if let failure = state.failure { throw failure }
      guard !state.rollouts.contains(where: \.state.isActive) else {
        throw WireStatus(.failedPrecondition, "a rollout of model m is running, expected none")
      }
      let number = state.rollouts.count + 1
      let rollout = StoredRollout(
        id: String(repeating: "0", count: 31) + "\(number)", model: model, candidate: candidate, baseline: baseline,
        plan: plan, state: .running, step: 0, weightPercent: weightPercent, stepStartedMicroseconds: now, revision: 1,
        reason: request.why, who: request.who, createdMicroseconds: now)
      state.rollouts.insert(rollout, at: 0)
      state.withdrawn.remove(candidate)
      record("started", rollout, request, &state)
      return rollout
    }
  }

  private func record(
    _ kind: String, _ rollout: StoredRollout, _ request: RolloutChangeRequest, _ state: inout State
  ) {
    state.events.append(
      V1.RolloutEvent(
        rollout: rollout.id, kind: kind, step: rollout.step, weightPercent: rollout.weightPercent, who: request.who,
        whenMicroseconds: clock(), reason: request.why))
  }

  func change(_ id: String, _ change: RolloutChange, _ request: RolloutChangeRequest) async throws -> StoredRollout {
    let (after, stable) = try state.withLock { state -> (StoredRollout, UInt64?) in
      if let failure = state.failure { throw failure }
      guard let index = state.rollouts.firstIndex(where: { $0.id == id }) else {
        throw WireStatus(.notFound, "no rollout \(id)")
      }
      var rollout = state.rollouts[index]
      guard request.revision == nil || request.revision == rollout.revision else {
        throw WireStatus(.aborted, "revision \(request.revision ?? 0), expected \(rollout.revision)")
      }
      rollout.revision += 1
      rollout.reason = request.why
      if let evidence = request.evidence { rollout.evidence = evidence }
      var stable: UInt64?
      var kind = ""
      switch change {
      case .advance(let step, let weight):
        (rollout.step, rollout.weightPercent, rollout.evidence) = (step, weight, request.evidence)
        rollout.stepStartedMicroseconds = clock()
        kind = "advanced"
      case .pause: (rollout.state, kind) = (.paused, "paused")
      case .resume:
        (rollout.state, kind) = (.running, "resumed")
        rollout.stepStartedMicroseconds = clock()
      case .promote:
        (rollout.state, kind, stable) = (.watching, "promoted", rollout.candidate)
        (rollout.weightPercent, rollout.evidence) = (100, request.evidence)
        rollout.stepStartedMicroseconds = clock()
      case .abort, .rollBack:
        if rollout.state == .watching { stable = rollout.baseline }
        (rollout.state, kind) = change == .abort ? (.aborted, "aborted") : (.rolledBack, "rolled back")
        rollout.weightPercent = 0
        state.withdrawn.insert(rollout.candidate)
      case .complete: (rollout.state, kind, rollout.weightPercent) = (.completed, "completed", 0)
      }
      if !rollout.state.isActive { rollout.endedMicroseconds = clock() }
      state.rollouts[index] = rollout
      record(kind, rollout, request, &state)
      return (rollout, stable)
    }
    if let stable {
      _ = try await store.moveAlias(
        V1.AliasRequest(model: after.model, alias: "stable", version: stable, reason: request.why), who: request.who)
    }
    return after
  }

  func rollBack(
    model: String, to version: UInt64?, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout? {
    let from = store.stored[0].aliases.first { $0.alias == "stable" }?.version ?? 0
    let (target, ended) = state.withLock { state -> (UInt64?, StoredRollout?) in
      state.withdrawn.insert(from)
      guard let index = state.rollouts.firstIndex(where: \.state.isActive) else {
        return (version ?? state.previousStable.first, nil)
      }
      state.rollouts[index].state = .rolledBack
      state.rollouts[index].reason = request.why
      state.rollouts[index].revision += 1
      state.rollouts[index].weightPercent = 0
      state.rollouts[index].endedMicroseconds = clock()
      state.withdrawn.insert(state.rollouts[index].candidate)
      record("rolled back", state.rollouts[index], request, &state)
      return (version ?? state.rollouts[index].baseline, state.rollouts[index])
    }
    _ = try await store.moveAlias(
      V1.AliasRequest(model: model, alias: "stable", version: target ?? 0, reason: request.why), who: request.who)
    return ended
  }

  func save(evidence: String, of id: String, revision: Int64, fence: Int64) async throws {
    state.withLock { state in
      state.saves += 1
      if let index = state.rollouts.firstIndex(where: { $0.id == id }) { state.rollouts[index].evidence = evidence }
    }
  }

  func rollouts(of model: String) async throws -> [StoredRollout] { rollouts }

  func events(of model: String) async throws -> [V1.RolloutEvent] { events }

  func own(as owner: String, for duration: Duration) async throws -> Int64? { state.withLock(\.fence) }

  func disown(as owner: String) async throws {}
}
