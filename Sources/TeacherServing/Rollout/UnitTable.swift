import RolloutControl

/// What is known of units since the last tick, in bounded memory.
struct UnitTable {
  /// Units that have a place. A query of any other is only counted: who invents episodes makes the table no larger.
  static let unitsMax = 16_384

  private struct Unit {
    var sighting: LoopEvidence.Sighting?
    var divergence: UnitDivergence
  }

  // The dictionary's hash is seeded: clients choose episode ids.
  private var places: [UInt64: Int] = [:]
  private var units: [Unit] = []
  private(set) var dropped = 0

  var count: Int { units.count }

  private mutating func place(of unit: UInt64) -> Int? {
    if let place = places[unit] { return place }
    guard units.count < Self.unitsMax else {
      dropped += 1
      return nil
    }
    places[unit] = units.count
    units.append(Unit(divergence: UnitDivergence(unit: unit)))
    return units.count - 1
  }

  /// - Parameter now: asked only at a unit's first sight.
  mutating func see(_ unit: UInt64, _ arm: Arm, isConnection: Bool = false, now: @autoclosure () -> UInt64) {
    guard let place = place(of: unit), units[place].sighting == nil else { return }
    units[place].sighting = LoopEvidence.Sighting(
      unit: unit, arm: arm, isConnection: isConnection, nanoseconds: now())
  }

  mutating func add(_ divergence: UnitDivergence) {
    if let place = place(of: divergence.unit) { units[place].divergence += divergence }
  }

  /// Hands over what is there, in the order of the first sights, and is empty again.
  mutating func take(generation: UInt64) -> LoopEvidence {
    var evidence = LoopEvidence(generation: generation, dropped: dropped)
    for unit in units {
      if let sighting = unit.sighting { evidence.seen.append(sighting) }
      if unit.divergence.rows > 0 { evidence.divergences.append(unit.divergence) }
    }
    places.removeAll(keepingCapacity: true)
    units.removeAll(keepingCapacity: true)
    dropped = 0
    return evidence
  }
}
