import Foundation
import RolloutControl
import StudentTraining
import Wire

/// Watches a rollout from two connections until its candidate answers nobody any more: one asks how its gates stand, the
/// other asks queries that the candidate answers as long as it may.
struct RollbackWatch: Sendable {
  /// How the rollout ended.
  struct Seen: Sendable {
    var reply: V1.RolloutReply
    /// Units of the gate that failed, when it was last seen undecided.
    var unitsBefore = 0
    /// Of the same gate in the end; at most so many were needed.
    var units: Int
    /// The first answer that was another version's, with none of the candidate's after it.
    var movedAt: ContinuousClock.Instant
    /// The gate that failed.
    var gate: String
  }

  let port: UInt16
  let rollout: V1.RolloutReply
  private static let patience = Duration.seconds(30)

  /// - Throws: `BenchFailure` where the rollout is not rolled back in its first step, by a gate, within half a minute.
  func run() async throws -> Seen {
    let isOver = Latch()
    let (movedAt, readings) = try await running({ try await onOwnThread { try probe(until: isOver) } }, until: isOver) {
      try await onOwnThread { try read() }
    }
    return try seen(readings, movedAt)
  }

  private typealias Readings = (before: V1.RolloutReply, after: V1.RolloutReply)

  /// How the rollout stood last before it was rolled back, and after.
  private func read() throws -> Readings {
    let pipeline = try CallPipeline(port: port)
    let began = ContinuousClock.now
    var before = rollout
    while true {
      let now = try pipeline.rollout(.status)
      guard now.state == "running" else { return (before, now) }
      guard ContinuousClock.now - began < Self.patience else {
        throw BenchFailure("a bad candidate is not rolled back after \(Self.patience): \(now)")
      }
      before = now
      Thread.sleep(forTimeInterval: 0.002)
    }
  }

  /// Asks the first query of an episode that is the candidate's, and one of an episode that it began, in turns.
  private func probe(until isOver: Latch) throws -> ContinuousClock.Instant {
    let hash = try RolloutScene.hash(of: rollout)
    let pipeline = try CallPipeline(port: port)
    func episode() -> UInt64 {
      while true {
        let id = UInt64.random(in: 1 ... .max)
        if hash.isCandidate(unit: id, weightPercent: rollout.weightPercent) { return id }
      }
    }
    let (first, later) = (episode(), episode())
    let observation = BenchNetwork.small.observations(rows: 1)
    var movedAt: ContinuousClock.Instant?
    var left = 50
    while left > 0 {
      if isOver.isSet { left -= 1 }
      let replies = try pipeline.infer([
        RolloutScene.query(observation, episode: first),
        RolloutScene.query(observation, episode: later, lease: rollout.candidate),
      ])
      if replies.contains(where: { $0.version == rollout.candidate }) {
        movedAt = nil
      } else if movedAt == nil {
        // Where it was over before the first of these queries, this is later than it was.
        movedAt = .now
      }
      Thread.sleep(forTimeInterval: 0.001)
    }
    guard let movedAt else { throw BenchFailure("a candidate that was rolled back goes on answering") }
    return movedAt
  }

  private func seen(_ readings: Readings, _ movedAt: ContinuousClock.Instant) throws -> Seen {
    let (before, after) = readings
    guard after.state == "rolled back", after.step == 0, let failed = after.gates.first(where: { $0.state == "failed" })
    else { throw BenchFailure("a bad candidate was not rolled back by a gate in its first step: \(after)") }
    let earlier = before.gates.first { $0.gate == failed.gate }
    return Seen(
      reply: after, unitsBefore: Int(earlier?.units ?? 0), units: Int(failed.units), movedAt: movedAt,
      gate: String(failed.gate.prefix { $0 != "<" && $0 != ">" }))
  }
}
