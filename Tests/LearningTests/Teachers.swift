import Learning
import Neural

/// A CartPole policy written down by hand: it pushes towards where the pole leans and falls, and keeps the cart near
/// the middle. Its deterministic form stands to the time limit.
///
/// One that looks at the angle alone falls, sooner or later.
func leaningTeacher(sharpness: Float = 4, angleAlone: Bool = false) throws -> Policy {
  let architecture = try PolicyArchitecture(
    environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [])
  let lean: [Float] = (angleAlone ? [0, 0, 2, 0] : [0.1, 0.2, 2, 0.6]).map { $0 * sharpness }
  var parameters = [Float](repeating: 0, count: architecture.parameterCount)
  for tensor in architecture.layout.tensors where tensor.name == "action_net.weight" {
    for column in 0..<4 {
      parameters[tensor.offset + column] = -lean[column]
      parameters[tensor.offset + 4 + column] = lean[column]
    }
  }
  for tensor in architecture.layout.tensors where tensor.name == "value_net.weight" {
    for column in 0..<4 { parameters[tensor.offset + column] = Float(column) - 1.5 }
  }
  return try Policy(architecture: architecture, parameters: parameters)
}

/// Computes an answer only when it is collected, as a slow service would, and keeps a record of what was asked.
final class LateTeacher: TeacherPolicy {
  private let inner: InProcessTeacher
  private var waiting: [[Float]?] = []
  private(set) var rowsOfQueries: [Int] = []
  private(set) var inFlightMax = 0
  /// The query with which the version changes from 1 to 2.
  var versionChange = Int.max
  var failsAtQuery = Int.max

  struct Gone: Error {}

  init(_ policy: Policy) { inner = InProcessTeacher(policy) }

  var observationWidth: Int { inner.observationWidth }
  var head: Head { inner.head }

  func submit(slot: Int, observations: UnsafePointer<Float>, rows: Int) throws {
    while waiting.count <= slot { waiting.append(nil) }
    precondition(waiting[slot] == nil, "slot \(slot) is on its way")
    if rowsOfQueries.count == failsAtQuery { throw Gone() }
    waiting[slot] = Array(UnsafeBufferPointer(start: observations, count: rows * observationWidth))
    rowsOfQueries.append(rows)
    inFlightMax = max(inFlightMax, waiting.filter { $0 != nil }.count)
  }

  func collect(
    slot: Int, outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) throws -> UInt64 {
    guard let observations = waiting[slot] else { preconditionFailure("slot \(slot) was not submitted") }
    waiting[slot] = nil
    inner.submit(slot: slot, observations: observations, rows: observations.count / observationWidth)
    _ = inner.collect(slot: slot, outputs: outputs, values: values)
    return rowsOfQueries.count > versionChange ? 2 : 1
  }
}
