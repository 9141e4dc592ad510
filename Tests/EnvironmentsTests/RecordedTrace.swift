import Foundation

/// Runs of a real Gymnasium environment, as recorded in `Fixtures`.
struct RecordedTrace: Decodable {
  struct Run: Decodable {
    let seed: UInt64
    let resetObservation: [Double]
    let resetState: [Double]
    let steps: [Step]
  }
  struct Step: Decodable {
    let state: [Double]
    let action: Int32
    let observation: [Double]
    let reward: Double
    let terminated: Bool
    let truncated: Bool
    let nextState: [Double]
    /// Of the episode that follows, where this step ended one.
    let resetObservation: [Double]?
    let resetState: [Double]?
  }
  let environment: String
  let runs: [Run]

  static func load(_ environment: String, file: String = #filePath) throws -> RecordedTrace {
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      RecordedTrace.self, from: Data(contentsOf: folder.appendingPathComponent("\(environment).json")))
  }
}
