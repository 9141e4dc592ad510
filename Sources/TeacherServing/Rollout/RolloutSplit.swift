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
  /// Of what connections remember of their arm: no other split's, and renewed at each tick, so that every tick sees
  /// them.
  private var mark = RolloutSplit.nextMark()

  init(_ rollout: CatalogueRollout, stable: Lane, candidate: Lane) {
    self.rollout = rollout
    self.stable = stable
    self.candidate = candidate
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
    return true
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
      units.see(place.unit, place.arm, now: connection.loop.eventLoop.now.uptimeNanoseconds)
    }
  }

  /// Hands over what was seen since the last tick.
  func takeEvidence() -> LoopEvidence {
    mark = Self.nextMark()
    return units.take(generation: rollout.generation)
  }

  private static func nextMark() -> UInt64 { marks.wrappingAdd(1, ordering: .relaxed).newValue }
  private static let marks = Atomic<UInt64>(0)
}
