/// Units whose sampled rows are still being added up.
struct OpenDivergences: Sendable {
  struct Open: Hashable, Sendable {
    var sums: UnitDivergence
    let openedSeconds: Double
    var lastSeconds: Double
  }

  /// A unit is over this long after its last sampled row ...
  let quietSeconds: Double
  /// ... and this long after its first one in any case.
  let longestSeconds: Double
  private var open: [UInt64: Open] = [:]
  private var nextScanSeconds = -Double.greatestFiniteMagnitude

  init(quietSeconds: Double, longestSeconds: Double) {
    self.quietSeconds = quietSeconds
    self.longestSeconds = longestSeconds
  }

  var count: Int { open.count }

  func isOpen(_ unit: UInt64) -> Bool { open[unit] != nil }

  mutating func add(_ divergence: UnitDivergence, at seconds: Double) {
    let sums = divergence.finite
    if let index = open.index(forKey: divergence.unit) {
      open.values[index].sums += sums
      open.values[index].lastSeconds = seconds
    } else {
      open[divergence.unit] = Open(sums: sums, openedSeconds: seconds, lastSeconds: seconds)
    }
  }

  mutating func close(_ unit: UInt64) -> UnitDivergence? { open.removeValue(forKey: unit)?.sums }

  /// What is over by now, in the order of first rows. Looks once a second.
  mutating func closeDue(at seconds: Double) -> [UnitDivergence] {
    guard seconds >= nextScanSeconds else { return [] }
    nextScanSeconds = seconds + 1
    let due = open.values.filter {
      seconds >= $0.lastSeconds + quietSeconds || seconds >= $0.openedSeconds + longestSeconds
    }
    for unit in due { open[unit.sums.unit] = nil }
    return due.sorted { ($0.openedSeconds, $0.sums.unit) < ($1.openedSeconds, $1.sums.unit) }.map(\.sums)
  }
}

extension UnitDivergence {
  /// With numbers that can be added and written: a sum that is none is the worst there is.
  fileprivate var finite: UnitDivergence {
    let worst = 1e300
    var copy = self
    copy.kl = kl.isFinite ? kl : worst
    copy.value = value.isFinite ? value : worst
    copy.agreement = agreement.isFinite ? agreement : 0
    copy.errors = errors.isFinite ? errors : Double(rows)
    return copy
  }
}

extension OpenDivergences: Codable {
  private enum CodingKeys: String, CodingKey {
    case quietSeconds, longestSeconds, open
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      quietSeconds: try container.decode(Double.self, forKey: .quietSeconds),
      longestSeconds: try container.decode(Double.self, forKey: .longestSeconds))
    for unit in try container.decode([Open].self, forKey: .open) { open[unit.sums.unit] = unit }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(quietSeconds, forKey: .quietSeconds)
    try container.encode(longestSeconds, forKey: .longestSeconds)
    try container.encode(open.values.sorted { $0.sums.unit < $1.sums.unit }, forKey: .open)
  }
}

/// As a short list, because there can be many.
extension OpenDivergences.Open: Codable {
  init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    sums = UnitDivergence(unit: try list.decode(UInt64.self), rows: try list.decode(Int.self))
    sums.kl = try list.decode(Double.self)
    sums.agreement = try list.decode(Double.self)
    sums.value = try list.decode(Double.self)
    sums.errors = try list.decode(Double.self)
    openedSeconds = try list.decode(Double.self)
    lastSeconds = try list.decode(Double.self)
  }

  func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(sums.unit)
    try list.encode(sums.rows)
    for number in [sums.kl, sums.agreement, sums.value, sums.errors, openedSeconds, lastSeconds] {
      try list.encode(number)
    }
  }
}
