import NIOCore
import NIOEmbedded
import Neural
import RolloutControl
import Synchronization
import Wire

@testable import TeacherServing

/// A teacher of three versions, `stable` at 1 and `beta` at 3, whose rollout of 2 tests begin as they like.
final class RolloutTeacher {
  let teacher: SteppedTeacher
  let policies: [InferencePolicy]
  let loaded: [LoadedVersion]
  private let lastCall = Mutex<UInt32>(0)

  init(settings: ServingSettings = .defaults, policies: [InferencePolicy]? = nil) throws {
    self.policies = try policies ?? (1...3).map { try Policies.make(seed: $0) }
    teacher = SteppedTeacher(settings: settings)
    loaded = teacher.serve(self.policies)
    adopt()
  }

  static let id = "000102030405060708090a0b0c0d0e0f"
  static let hash = ShareHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))

  static func rollout(
    weight: Double, shadow: Double = 0, generation: UInt64 = 1, collects: Bool = true
  ) -> CatalogueRollout {
    CatalogueRollout(
      id: id, hash: hash, baseline: 1, candidate: 2, weightPercent: weight, shadowPercent: shadow,
      generation: generation, collects: collects)
  }

  /// Episodes, from 1 on, that are that arm's at 50 percent.
  static func episodes(of arm: Arm, _ count: Int) -> [UInt64] {
    Array(
      (1...1 << 32 as ClosedRange<UInt64>).lazy.filter {
        hash.isCandidate(unit: $0, weightPercent: 50) == (arm == .candidate)
      }
      .prefix(count))
  }

  func adopt(
    stable: UInt64 = 1, rollout: CatalogueRollout? = nil, withdrawn: Set<UInt64> = [],
    leaseEnds: [UInt64: NIODeadline] = [:], loaded numbers: Set<UInt64> = [1, 2, 3]
  ) {
    teacher.adopt(
      loaded.filter { numbers.contains($0.number) }, aliases: ["stable": stable, "beta": 3],
      stored: loaded.map(\.number).filter { !numbers.contains($0) }, rollout: rollout,
      withdrawn: withdrawn, leaseEnds: leaseEnds)
  }

  func takeEvidence() -> LoopEvidence? { teacher.loop.service.takeEvidence(model: "m") }

  static let row: [Float] = [0.1, -0.2, 0.3, -0.4]

  /// Asks each on one connection, in turns of some hundred, and returns the answers in the order of the requests.
  func ask(_ requests: [V1.InferRequest], on client: SteppedTeacher.Client? = nil) throws -> [V1.Body] {
    let client = try client ?? teacher.connect()
    var answers: [UInt32: V1.Body] = [:]
    var calls: [UInt32] = []
    for start in stride(from: 0, to: requests.count, by: 250) {
      for request in requests[start..<min(start + 250, requests.count)] {
        let call = lastCall.withLock { last in
          last += 1
          return last
        }
        calls.append(call)
        try client.write(V1.Frame(call: call, .infer(request)))
      }
      teacher.eventLoop.run()
      for frame in try client.read() { answers[frame.call] = frame.body }
    }
    return calls.compactMap { answers[$0] }
  }

  func ask(_ request: V1.InferRequest) throws -> V1.Body? { try ask([request]).first }

  /// How the candidate's answers to one query of a unit differ from stable's, computed from the policies themselves.
  func divergence(_ unit: UInt64, _ observations: [Float]) -> UnitDivergence {
    let (stable, candidate) = (
      Policies.answers(policies[0], observations), Policies.answers(policies[1], observations)
    )
    let (ours, theirs) = (policies[0].policy.architecture, policies[1].policy.architecture)
    let sums = Divergence(ours.head, hasValues: ours.hasValue && theirs.hasValue).sums(
      reference: stable.outputs, stable.values, other: candidate.outputs, candidate.values, rows: stable.values.count)
    return UnitDivergence(
      unit: unit, rows: sums.rows, kl: sums.kl, agreement: sums.agreement, value: sums.value, errors: sums.errors)
  }

  /// Queries of one row, one an episode.
  static func queries(_ episodes: some Sequence<UInt64>) -> [V1.InferRequest] {
    episodes.map { episode in
      var request = query(row)
      request.episode = episode
      return request
    }
  }
}
