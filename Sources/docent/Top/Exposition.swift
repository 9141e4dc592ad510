/// The samples of a text in Prometheus' exposition format 0.0.4. Comments and time stamps are skipped.
struct Exposition: Equatable, Sendable {
  struct Sample: Equatable, Sendable {
    var name: String
    var labels: [String: String] = [:]
    var value: Double
  }

  struct Fault: Error, CustomStringConvertible {
    let line: Int
    let expected: String
    var description: String { "line \(line) is no sample of a metric: expected \(expected)" }
  }

  let samples: [Sample]

  init(parsing text: [UInt8]) throws(Fault) {
    var samples: [Sample] = []
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      var reader = LineReader(rest: line, number: number)
      reader.skipSpaces()
      guard let first = reader.next, first != UInt8(ascii: "#") else { continue }
      samples.append(try reader.sample())
    }
    self.samples = samples
  }
}

/// Reads one line from its beginning to its end.
private struct LineReader {
  var rest: ArraySlice<UInt8>
  let number: Int

  var next: UInt8? { rest.first }

  mutating func sample() throws(Exposition.Fault) -> Exposition.Sample {
    var sample = Exposition.Sample(name: try name(), value: 0)
    skipSpaces()
    if next == UInt8(ascii: "{") { sample.labels = try labels() }
    skipSpaces()
    let word = String(decoding: take { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }, as: UTF8.self)
    switch word {
    case "+Inf": sample.value = .infinity
    case "-Inf": sample.value = -.infinity
    default:
      guard let value = Double(word) else { throw fault("a number for \(sample.name)") }
      sample.value = value
    }
    return sample
  }

  private mutating func labels() throws(Exposition.Fault) -> [String: String] {
    var labels: [String: String] = [:]
    rest.removeFirst()
    while true {
      skipSpaces()
      if next == UInt8(ascii: "}") { break }
      let label = try name()
      skipSpaces()
      try skip("=")
      skipSpaces()
      labels[label] = try quoted()
      skipSpaces()
      if next == UInt8(ascii: ",") {
        rest.removeFirst()
      } else if next != UInt8(ascii: "}") {
        throw fault("',' or '}'")
      }
    }
    rest.removeFirst()
    return labels
  }

  private mutating func quoted() throws(Exposition.Fault) -> String {
    try skip("\"")
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { throw fault("a character after '\\'") }
        bytes.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
      default: bytes.append(byte)
      }
    }
    throw fault("'\"' at a label's end")
  }

  private mutating func name() throws(Exposition.Fault) -> String {
    let word = take {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    guard !word.isEmpty else { throw fault("a name") }
    return String(decoding: word, as: UTF8.self)
  }

  mutating func skipSpaces() { _ = take { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

  private mutating func skip(_ character: Unicode.Scalar) throws(Exposition.Fault) {
    guard next == UInt8(ascii: character) else { throw fault("'\(character)'") }
    rest.removeFirst()
  }

  private mutating func take(while belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let word = rest.prefix(while: belongs)
    rest = rest[word.endIndex...]
    return word
  }

  private func fault(_ expected: String) -> Exposition.Fault { Exposition.Fault(line: number, expected: expected) }
}
