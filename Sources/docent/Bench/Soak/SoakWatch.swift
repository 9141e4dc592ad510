import Console

/// What a service was seen to hold during a soak.
struct SoakWatch: Sendable {
  struct Sample: Sendable {
    /// Since the clients began.
    var seconds: Double
    var residentBytes: Int
  }

  /// How long the soak takes.
  let total: Double
  private(set) var samples: [Sample] = []

  init(seconds total: Double) {
    self.total = total
  }

  mutating func add(_ sample: Sample) { samples.append(sample) }

  /// When everything that is used again has been made: minute 5, or a quarter of a shorter soak.
  var warm: Double { min(300, total / 4) }

  /// What is held changes with what is asked at the moment: medians over so many seconds are compared.
  private var window: Double { min(30, total / 10) }

  /// The median of what was held in the seconds before a time; nil where nobody looked.
  func residentBytes(before seconds: Double) -> Double? {
    let seen = samples.filter { seconds - window < $0.seconds && $0.seconds <= seconds }
    return seen.isEmpty ? nil : median(seen.map { Double($0.residentBytes) })
  }

  /// From the end of the warm-up on.
  var residentBytesMost: Int { samples.filter { $0.seconds >= warm }.map(\.residentBytes).max() ?? 0 }

  /// At the end, in percent of what was held when the service was warm.
  var growthPercent: Double? {
    guard let then = residentBytes(before: warm), let end = residentBytes(before: samples.last?.seconds ?? 0) else {
      return nil
    }
    return (end / then - 1) * 100
  }
}
