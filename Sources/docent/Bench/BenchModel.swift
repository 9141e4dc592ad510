import Console
import Foundation
import ModelStore
import Neural
import Registry

/// What the teacher service serves in a benchmark: a CartPole policy, untrained, in a registry of its own.
struct BenchModel {
  static let name = "cartpole"

  let registry: String
  let inference: InferencePolicy
  /// The bytes of a client of this model.
  let frames: WireFrames

  /// A policy as PPO makes it for CartPole: 4-64-64-2, and a value network of its own beside it.
  ///
  /// - Parameter registry: the path of a registry to make.
  static func make(registry: String) throws -> BenchModel {
    let architecture = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [64, 64])
    let policy = TrainableNetwork(architecture: architecture, seed: 1).policy
    let version = try PolicyStore(path: registry, mode: .create).publish(
      policy, model: name, who: OperatorName.current)
    return BenchModel(
      registry: registry, inference: InferencePolicy(policy),
      frames: WireFrames(
        model: name, version: version.number, parameterWidth: architecture.head.parameterWidth))
  }

  /// The policy's own answer to one observation.
  func answer(to observation: [Float]) -> (outputs: [Float], value: Float) {
    var outputs = [Float](repeating: 0, count: inference.policy.architecture.head.parameterWidth)
    var value: Float = 0
    inference.forward(observation, rows: 1, outputs: &outputs, values: &value, workspace: Workspace())
    return (outputs, value)
  }

  /// Serves it on a free loopback port while `body` runs.
  func withTeacher<Answer: Sendable>(_ body: (ServiceProcess) async throws -> Answer) async throws -> Answer {
    try await ServiceProcess.run(
      "docent-teacher", arguments: ["serve", "--registry", registry, "--listen", "127.0.0.1:0"], body: body)
  }

  /// What other load tools need to put the same load on the service.
  struct Files: Encodable {
    let registry, preface, request: String
    /// Frames that answer the preface.
    let prefaceReplies = 1
    /// Where the request holds its call number, a little-endian 32-bit word.
    let callOffset: Int
    /// Payload bytes of every answer.
    let replyBytes: Int

    var text: String {
      """
      docent-teacher serve --registry \(registry)
      connect: send \(preface), skip \(prefaceReplies) frame
      call:    send \(request), call number (little-endian, 32 bits) at byte \(callOffset); answers have \(replyBytes) payload bytes
      """
    }
  }

  /// Writes the frames to files beside the registry.
  func writeFrames(to folder: String, _ results: ResultPrinter) throws {
    let files = Files(
      registry: registry, preface: "\(folder)/preface.bin", request: "\(folder)/request.bin",
      callOffset: frames.load.callOffset, replyBytes: frames.replyBytes)
    try Data(frames.load.preface).write(to: URL(fileURLWithPath: files.preface))
    try Data(frames.load.request).write(to: URL(fileURLWithPath: files.request))
    try results.print(files, text: files.text)
  }
}
