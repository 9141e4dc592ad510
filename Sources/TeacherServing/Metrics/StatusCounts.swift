import Wire

/// How many calls ended with each of gRPC's 17 codes.
struct StatusCounts: Sendable {
  static let codes = (0..<17).map { WireStatus.Code(rawValue: $0) }

  private var counts = ContiguousArray<UInt64>(repeating: 0, count: codes.count)

  var total: UInt64 { counts.reduce(0, &+) }

  /// A code that gRPC has not counts as UNKNOWN.
  @inline(__always)
  subscript(code: WireStatus.Code) -> UInt64 {
    get { counts[Self.index(code)] }
    set { counts[Self.index(code)] = newValue }
  }

  @inline(__always)
  mutating func count(_ code: WireStatus.Code, calls: UInt64 = 1) { counts[Self.index(code)] &+= calls }

  mutating func merge(_ other: Self) {
    for index in counts.indices { counts[index] &+= other.counts[index] }
  }

  private static func index(_ code: WireStatus.Code) -> Int {
    Int(code.counted.rawValue)
  }
}

extension WireStatus.Code {
  /// What it counts as: one of gRPC's codes.
  var counted: Self { rawValue < 17 ? self : .unknown }
}
