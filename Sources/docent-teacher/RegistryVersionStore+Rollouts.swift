import ModelStore
import Registry
import TeacherServing
import Wire

extension RegistryVersionStore: RolloutStore {
  func standing() async throws -> [String: RolloutStanding] {
    try await perform { store in
      try store.registry.standing().mapValues { record in
        RolloutStanding(
          newest: record.newest.map { StoredRollout($0) }, withdrawn: record.withdrawn,
          leftMicroseconds: record.lastPointedAt, previousStable: record.previousStable)
      }
    }
  }

  func start(
    model: String, candidate: UInt64, plan: String, weightPercent: Double, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout {
    try await perform { store in
      StoredRollout(
        try store.registry.startRollout(
          model: model, plan: plan, candidate: candidate, firstWeight: weightPercent, who: request.who,
          why: request.why, requestID: request.identifier))
    }
  }

  func change(
    _ id: String, _ change: TeacherServing.RolloutChange, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout {
    try await perform { store in
      StoredRollout(
        try store.registry.changeRollout(
          id: id, expecting: request.revision, fence: request.fence, to: Registry.RolloutChange(change),
          evidence: request.evidence, who: request.who, why: request.why, requestID: request.identifier))
    }
  }

  func rollBack(
    model: String, to version: UInt64?, _ request: RolloutChangeRequest
  ) async throws -> StoredRollout? {
    try await perform { store in
      try store.registry.rollBack(
        model: model, to: version, who: request.who, why: request.why, requestID: request.identifier
      ).rollout.map { StoredRollout($0) }
    }
  }

  func save(evidence: String, of id: String, revision: Int64, fence: Int64) async throws {
    try await perform { store in
      try store.registry.saveEvidence(evidence, rollout: id, expecting: revision, fence: fence)
    }
  }

  func rollouts(of model: String) async throws -> [StoredRollout] {
    try await look { store in try store.registry.rollouts(of: model).map { StoredRollout($0) } }
  }

  func events(of model: String) async throws -> [V1.RolloutEvent] {
    try await look { store in
      try store.registry.events(of: model).map {
        V1.RolloutEvent(
          rollout: $0.rollout, kind: $0.kind.rawValue, step: $0.step, weightPercent: $0.weightPercent, who: $0.who,
          whenMicroseconds: $0.whenMicroseconds, reason: $0.reason)
      }
    }
  }

  func own(as owner: String, for duration: Duration) async throws -> Int64? {
    try await perform { store in
      try store.registry.takeOwnership(
        of: Ownership.rollouts, owner: owner, for: Int64(duration / .microseconds(1)))?.fence
    }
  }

  func disown(as owner: String) async throws {
    try await perform { store in
      guard let current = try store.registry.owner(of: Ownership.rollouts), current.owner == owner else { return }
      try store.registry.releaseOwnership(current)
    }
  }
}

extension RolloutChangeRequest {
  fileprivate var identifier: String? { requestID.isEmpty ? nil : requestID }
}

extension Registry.RolloutChange {
  fileprivate init(_ change: TeacherServing.RolloutChange) {
    switch change {
    case .advance(let step, let weight): self = .advance(step: step, weightPercent: weight)
    case .pause: self = .pause
    case .resume: self = .resume
    case .promote: self = .promote
    case .abort: self = .abort
    case .rollBack: self = .rollBack
    case .complete: self = .complete
    }
  }
}

extension StoredRollout {
  fileprivate init(_ record: RolloutRecord) {
    self.init(
      id: record.id, model: record.model, candidate: record.candidate, baseline: record.baseline, plan: record.plan,
      state: State(record.state), step: record.step, weightPercent: record.weightPercent,
      stepStartedMicroseconds: record.stepStartedMicroseconds, revision: record.revision, evidence: record.evidence,
      reason: record.reason, who: record.who, createdMicroseconds: record.createdMicroseconds,
      endedMicroseconds: record.endedMicroseconds)
  }
}

extension StoredRollout.State {
  fileprivate init(_ state: RolloutState) {
    switch state {
    case .running: self = .running
    case .paused: self = .paused
    case .watching: self = .watching
    case .completed: self = .completed
    case .aborted: self = .aborted
    case .rolledBack: self = .rolledBack
    }
  }
}
