import NIOCore
import RolloutControl
import Synchronization
import Wire

/// How one event loop shares a model's traffic between a rollout's two versions, and what it has seen of it.
final class RolloutSplit {
  private(set) var rollout: CatalogueRollout
  let stable: Lane
  let candidate: Lane
  private(set) var units = UnitTable()
  /// nil where nobody takes evidence, none is asked for, or the versions cannot be compared.
  private(set) var shadow: Shadow?
  /// Of what connections remember of their arm: no other split's, and renewed at each tick, so that every tick sees
  /// them.
  private var mark = RolloutSplit.nextMark()

  init(_ rollout: CatalogueRollout, stable: Lane, candidate: Lane) {
    self.rollout = rollout
    self.stable = stable
    self.candidate = candidate
    setShadow()
  }

  /// Takes over what the same rollout is in a newer catalogue.
  ///
  /// - Returns: whether it is the same, between the same versions as they are loaded.
  func adopt(_ newer: CatalogueRollout, stable: Lane, candidate: Lane) -> Bool {
    guard newer.id == rollout.id, newer.generation == rollout.generation, stable === self.stable,
      candidate === self.candidate
    else { return false }
    rollout = newer
    if !newer.collects { _ = units.take(generation: newer.generation) }
    mark = Self.nextMark()
    setShadow()
    return true
  }

  /// Stable's rows are sampled for as long as it has some.
  private func setShadow() {
    let sampled = rollout.weightPercent < 100 ? Arm.stable : .candidate
    guard rollout.collects, rollout.shadowPercent > 0,
      let versions = RolloutVersions(stable: stable.version, candidate: candidate.version, sampled: sampled)
    else { return shadow = nil }
    if let shadow, shadow.versions.sampled == sampled {
      shadow.sampler.set(percent: rollout.shadowPercent)
    } else {
      shadow = Shadow(versions, percent: rollout.shadowPercent)
    }
  }

  // MARK: Arms

  /// A query's unit, and who answers it.
  struct Place {
    var unit: UInt64
    var arm: Arm
    var isConnection = false
    /// A connection that has been seen since the last tick.
    var isKnown = false
  }

  /// - Parameter episode: 0: the connection is the unit.
  @inline(__always)
  func place(episode: UInt64, of connection: ServerConnection<TeacherLoop>) -> Place {
    if episode != 0 { return Place(unit: episode, arm: arm(of: episode)) }
    if connection.arm.mark == mark {
      return Place(
        unit: connection.unit, arm: connection.arm.isCandidate ? .candidate : .stable, isConnection: true,
        isKnown: true)
    }
    let unit = Self.unit(of: connection)
    return Place(unit: unit, arm: arm(of: unit), isConnection: true)
  }

  private func arm(of unit: UInt64) -> Arm {
    rollout.hash.isCandidate(unit: unit, weightPercent: rollout.weightPercent) ? .candidate : .stable
  }

  @inline(__always)
  func lane(_ arm: Arm) -> Lane { arm == .candidate ? candidate : stable }

  /// What a connection is told from others by, drawn once.
  static func unit(of connection: ServerConnection<TeacherLoop>) -> UInt64 {
    if connection.unit == 0 { connection.unit = UInt64.random(in: 1...UInt64.max) }
    return connection.unit
  }

  // MARK: Evidence

  /// A query without a lease, which may be its episode's first, was admitted.
  @inline(__always)
  func saw(_ place: Place, on connection: ServerConnection<TeacherLoop>) {
    if !place.isKnown { note(place, on: connection) }
  }

  private func note(_ place: Place, on connection: ServerConnection<TeacherLoop>) {
    if place.isConnection { connection.arm = (mark, place.arm == .candidate) }
    if rollout.collects {
      units.see(
        place.unit, place.arm, isConnection: place.isConnection, now: connection.loop.eventLoop.now.uptimeNanoseconds)
    }
  }

  /// Draws whether a query's rows are sampled.
  ///
  /// - Parameter arm: what answers it.
  @inline(__always)
  func sample(_ unit: UInt64, _ arm: Arm) -> BatchEntry.Sample {
    guard let shadow, shadow.versions.sampled == arm, shadow.sampler.draw() else { return BatchEntry.Sample() }
    return BatchEntry.Sample(unit: unit, mark: shadow.mark)
  }

  /// The same of a query under a lease of any version.
  func sample(
    leased lane: Lane, episode: UInt64, of connection: ServerConnection<TeacherLoop>
  ) -> BatchEntry.Sample {
    guard shadow != nil, lane === stable || lane === candidate else { return BatchEntry.Sample() }
    return sample(episode != 0 ? episode : Self.unit(of: connection), lane === stable ? .stable : .candidate)
  }

  /// The lane whose rows are sampled.
  var sampledLane: Lane? { shadow.map { lane($0.versions.sampled) } }

  /// Both versions are small enough to be computed between the turns of an event loop.
  var shadowRunsOnLoop: Bool { stable.runsOnLoop && candidate.runsOnLoop }

  /// A batch of the shadow is computed; another shadow's came too late.
  func computed(by shadow: Shadow) {
    if shadow === self.shadow { shadow.finish(into: &units) }
  }

  /// Hands over what was seen since the last tick.
  func takeEvidence() -> LoopEvidence {
    mark = Self.nextMark()
    var evidence = units.take(generation: rollout.generation)
    shadow?.take(into: &evidence)
    return evidence
  }

  private static func nextMark() -> UInt64 { marks.wrappingAdd(1, ordering: .relaxed).newValue }
  private static let marks = Atomic<UInt64>(0)
}
