import Wire

/// Where a rollout stands, as these commands print it in JSON.
struct RolloutListing: Encodable, Equatable {
  struct Gate: Encodable, Equatable {
    let gate: String
    let state: String
    let estimate: Double?
    let lower: Double?
    let upper: Double?
    let units: UInt64
    let note: String?
  }

  let model: String
  /// nil: the model has had none, and nothing else here says anything.
  let rollout: String?
  let state: String?
  let candidate: UInt64?
  let baseline: UInt64?
  /// From 0.
  let step: Int
  let steps: [Double]
  let weightPercent: Double
  let candidateEpisodes: UInt64
  let stableEpisodes: UInt64
  let gates: [Gate]
  let stepStarted: String?
  let created: String?
  let ended: String?
  let who: String?
  let reason: String?
  let revision: Int64
  let plan: String?

  init(_ reply: V1.RolloutReply) {
    model = reply.model
    rollout = reply.rollout.orNone
    state = reply.state.orNone
    candidate = reply.candidate.orNone
    baseline = reply.baseline.orNone
    step = reply.step
    steps = reply.steps
    weightPercent = reply.weightPercent
    candidateEpisodes = reply.candidateEpisodes
    stableEpisodes = reply.stableEpisodes
    gates = reply.gates.map {
      Gate(
        gate: $0.gate, state: $0.state, estimate: $0.estimate, lower: $0.lower, upper: $0.upper, units: $0.units,
        note: $0.note.orNone)
    }
    stepStarted = Timestamp.orNone(microseconds: reply.stepStartedMicroseconds)
    created = Timestamp.orNone(microseconds: reply.createdMicroseconds)
    ended = Timestamp.orNone(microseconds: reply.endedMicroseconds)
    who = reply.who.orNone
    reason = reply.reason.orNone
    revision = reply.revision
    plan = reply.plan.orNone
  }
}

/// A rollout in a model's history.
struct RolloutRecordListing: Encodable {
  let model: String
  let rollout: String
  let state: String
  let candidate: UInt64
  let baseline: UInt64
  /// From 0.
  let step: Int
  let steps: [Double]
  let weightPercent: Double
  let plan: String
  let created: String?
  let ended: String?
  let who: String
  let reason: String

  init(_ record: V1.RolloutRecord, model: String) {
    self.model = model
    rollout = record.rollout
    state = record.state
    candidate = record.candidate
    baseline = record.baseline
    step = record.step
    steps = record.steps
    weightPercent = record.weightPercent
    plan = record.plan
    created = Timestamp.orNone(microseconds: record.createdMicroseconds)
    ended = Timestamp.orNone(microseconds: record.endedMicroseconds)
    who = record.who
    reason = record.reason
  }
}

/// Something that happened in a rollout.
struct RolloutEventListing: Encodable {
  let rollout: String
  /// started, advanced, paused, resumed, promoted, rolled back, aborted or completed.
  let kind: String
  /// From 0.
  let step: Int
  let weightPercent: Double
  let who: String
  let when: String
  let reason: String

  init(_ event: V1.RolloutEvent) {
    rollout = event.rollout
    kind = event.kind
    step = event.step
    weightPercent = event.weightPercent
    who = event.who
    when = Timestamp.text(microseconds: event.whenMicroseconds)
    reason = event.reason
  }
}

/// What a rollback brought about.
struct RollbackListing: Encodable {
  let model: String
  /// The version that `stable` points to now.
  let stable: UInt64?
  /// The rollout that it ended; nil where none was ended.
  let rollout: RolloutListing?
}

extension Timestamp {
  /// proto3 has no "none" for a time: it is 0.
  static func orNone(microseconds: Int64) -> String? { microseconds == 0 ? nil : text(microseconds: microseconds) }
}
