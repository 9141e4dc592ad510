import Neural
import Synchronization
import Wire

/// A served model, and what each of its versions must answer: a row's answer is the same to the bit in any batch, so
/// every part of a prepared batch of observations has its answers beforehand.
final class SoakModel: Sendable {
  /// Observations that queries are taken from.
  static let rowsMax = 1024

  let network: BenchNetwork
  /// The served model's name.
  let name: String
  private let observations: [Float]

  private struct Answers {
    var outputs: [Float]
    var values: [Float]
  }
  private struct Known {
    var answers: [UInt64: Answers] = [:]
    /// In the order in which they came.
    var versions: [UInt64] = []
  }
  private let known = Mutex(Known())

  init(_ network: BenchNetwork, name: String) {
    self.network = network
    self.name = name
    observations = network.observations(rows: Self.rowsMax)
  }

  /// A version that will be asked: before anybody asks it.
  func add(_ version: UInt64, _ policy: InferencePolicy) {
    let width = policy.policy.architecture.head.parameterWidth
    var answers = Answers(
      outputs: [Float](repeating: 0, count: Self.rowsMax * width), values: [Float](repeating: 0, count: Self.rowsMax))
    policy.forward(
      observations, rows: Self.rowsMax, outputs: &answers.outputs, values: &answers.values, workspace: Workspace())
    known.withLock {
      $0.answers[version] = answers
      $0.versions.append(version)
    }
  }

  /// The versions that came last, oldest first.
  func newest(_ count: Int) -> [UInt64] { known.withLock { Array($0.versions.suffix(count)) } }

  /// A query of some of the prepared observations.
  func query(rows: Int, version: UInt64 = 0, alias: String = "") -> SoakQuery {
    let first = Int.random(in: 0...Self.rowsMax - rows)
    let width = network.observationWidth
    let bytes = observations[first * width..<(first + rows) * width].withUnsafeBytes { Array($0) }
    return SoakQuery(
      model: self, first: first,
      request: V1.InferRequest(model: name, rows: rows, observations: bytes, version: version, alias: alias))
  }

  fileprivate func isRight(_ reply: V1.InferReply, first: Int, rows: Int) -> Bool {
    guard let answers = known.withLock({ $0.answers[reply.version] }) else { return false }
    let width = answers.outputs.count / Self.rowsMax
    return Self.haveSameBits(reply.outputs[...], answers.outputs[first * width..<(first + rows) * width])
      && Self.haveSameBits(reply.values[...], answers.values[first..<first + rows])
  }

  private static func haveSameBits(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}

/// A query whose answer is known.
struct SoakQuery: Sendable {
  let model: SoakModel
  /// Where its observations begin among the model's.
  let first: Int
  var request: V1.InferRequest

  /// Bit for bit, and by the version that was asked, where one was.
  func isRight(_ reply: V1.InferReply) -> Bool {
    reply.rows == request.rows && (request.version == 0 || reply.version == request.version)
      && model.isRight(reply, first: first, rows: request.rows)
  }
}
