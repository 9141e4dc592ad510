/// Writes families and their samples in Prometheus' text format.
struct PrometheusWriter {
  enum Kind: String { case counter, gauge, histogram }
  typealias Label = (name: String, value: String)

  /// In front of every family's name from here on.
  var prefix: String
  private(set) var text = ""
  private var name = ""

  init(prefix: String) {
    self.prefix = prefix
    text.reserveCapacity(1 << 14)
  }

  /// Begins a family. Its samples follow.
  ///
  /// - Parameter help: one line without a backslash.
  mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    self.name = prefix + name
    text += "# HELP \(self.name) \(help)\n# TYPE \(self.name) \(kind.rawValue)\n"
  }

  mutating func sample(_ labels: [Label], _ value: some BinaryInteger) {
    line(suffix: "", Self.text(labels), "\(value)")
  }

  mutating func sample(_ labels: [Label], _ value: Double) {
    line(suffix: "", Self.text(labels), Self.text(value))
  }

  mutating func histogram<Counts: Histogram>(_ labels: [Label], _ histogram: Counts) {
    let known = Self.text(labels)
    let separator = known.isEmpty ? "" : ","
    var sum: UInt64 = 0
    for (index, count) in histogram.buckets.enumerated() {
      sum &+= count
      let bound = index < Counts.bounds.count ? Self.text(Counts.bounds[index]) : "+Inf"
      line(suffix: "_bucket", "\(known)\(separator)le=\"\(bound)\"", "\(sum)")
    }
    line(suffix: "_sum", known, Self.text(histogram.sum))
    line(suffix: "_count", known, "\(sum)")
  }

  private mutating func line(suffix: String, _ labels: String, _ value: String) {
    text += name
    text += suffix
    if !labels.isEmpty {
      text += "{"
      text += labels
      text += "}"
    }
    text += " "
    text += value
    text += "\n"
  }

  private static func text(_ labels: [Label]) -> String {
    labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
  }

  private static func escaped(_ value: String) -> String {
    guard
      value.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") })
    else { return value }
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The shortest digits that read back to the same number; whole numbers without a point.
  private static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
