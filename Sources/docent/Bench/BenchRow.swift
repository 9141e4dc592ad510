import Console

/// One figure that a benchmark measured, and what it should be.
struct BenchRow: Encodable, Sendable {
  /// What a figure should be, in its own unit.
  enum Target: Sendable {
    case atLeast(Double)
    case atMost(Double)

    var text: String {
      switch self {
      case .atLeast(let bound): "at least \(BenchRow.digits(bound))"
      case .atMost(let bound): "at most \(BenchRow.digits(bound))"
      }
    }

    func isReached(by value: Double) -> Bool {
      switch self {
      case .atLeast(let bound): value >= bound
      case .atMost(let bound): value <= bound
      }
    }
  }

  /// The part of the benchmark: `wire`, `rollout`, `inference`, `training` or `soak`.
  let bench: String
  /// What was measured, in words.
  let name: String
  let value: Double
  /// What `value` counts: `x echo`, `MiB`, `steps/s`.
  let unit: String
  let target: Target?
  /// Numbers behind the figure, by name.
  let details: [String: Double]

  init(
    bench: String, name: String, value: Double, unit: String, target: Target? = nil, details: [String: Double] = [:]
  ) {
    self.bench = bench
    self.name = name
    self.value = value
    self.unit = unit
    self.target = target
    self.details = details
  }

  /// nil where nothing was asked of it.
  var isReached: Bool? { target?.isReached(by: value) }

  private enum Key: CodingKey { case bench, name, value, unit, atLeast, atMost, isReached, details }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(bench, forKey: .bench)
    try container.encode(name, forKey: .name)
    try container.encode(value, forKey: .value)
    try container.encode(unit, forKey: .unit)
    switch target {
    case .atLeast(let bound): try container.encode(bound, forKey: .atLeast)
    case .atMost(let bound): try container.encode(bound, forKey: .atMost)
    case nil: break
    }
    try container.encodeIfPresent(isReached, forKey: .isReached)
    if !details.isEmpty { try container.encode(details, forKey: .details) }
  }

  /// A line for people: the figure, its target, whether that was reached, and the numbers behind it.
  var text: String {
    var line = "\(bench)  \(name)".padded(to: 66) + "  " + "\(Self.digits(value)) \(unit)".padded(to: 18)
    if let target { line += "  \(target.text)".padded(to: 20) }
    if let isReached { line += isReached ? "  reached" : "  MISSED " }
    if !details.isEmpty {
      let pairs = details.sorted { $0.key < $1.key }.map { "\($0.key) \(Self.digits($0.value))" }
      line += "  (\(pairs.joined(separator: ", ")))"
    }
    return line
  }

  static func digits(_ number: Double) -> String {
    if abs(number) < 100, number == number.rounded() { return NumberFormat.grouped(Int(number)) }
    return abs(number) < 100 ? NumberFormat.fixed(number, digits: 2) : NumberFormat.rate(number)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension ResultPrinter {
  /// Prints a benchmark's figure as soon as it is there.
  func print(_ row: BenchRow) throws { try print(row, text: row.text) }
}

/// The middle value; of an even number of them the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "a median of at least one value")
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
