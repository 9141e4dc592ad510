/// Why a benchmark cannot measure: what was seen, and what was expected.
struct BenchFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
