import Crypto
import ModelStore
import Neural
import Wire

/// Policies to publish, each with weights of its own.
struct NumberedPolicy {
  let policy: Policy
  let artefact: [UInt8]
  let golden: GoldenRows
  var sha256: [UInt8] { Array(SHA256.hash(data: artefact)) }

  /// - Parameter hidden: layers' widths; none makes an artefact of less than a kilobyte.
  init(_ number: Int, hidden: [Int] = []) throws {
    let architecture = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: hidden,
      hasValue: false)
    var parameters = [Float](repeating: Float(number) / 4096, count: architecture.parameterCount)
    for index in 0..<8 { parameters[index] = Float((index * 31 + number * 7919) % 1009) / 1009 - 0.5 }
    policy = try Policy(architecture: architecture, parameters: parameters)
    artefact = PolicyArtefact.encode(policy)
    golden = GoldenRows(of: InferencePolicy(policy))
  }

  func header(model: String, requestID: String) -> V1.PublishHeader {
    V1.PublishHeader(
      model: model, artefactBytes: UInt64(artefact.count), sha256: sha256,
      golden: V1.Golden(
        rows: golden.rows, observations: golden.observations, outputs: golden.outputs, values: golden.values),
      requestID: requestID)
  }
}
