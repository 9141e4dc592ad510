import Foundation
import Testing

@testable import Neural

@Suite struct StableBaselines3Tests {
  struct Reference: Codable {
    var observations: [[Float]]
    var logits: [[Float]]
    var values: [Float]
  }

  private func read(
    _ bytes: [UInt8], width: Int = 4, actions: StableBaselines3.Actions = .discrete(2), activation: Activation? = .tanh
  ) throws -> Policy {
    try StableBaselines3.read(
      safetensors: bytes, environment: "CartPole-v1", observationWidth: width, actions: actions,
      activation: activation)
  }

  /// The same weights without the metadata that a real state dict does not have.
  private func stateDict() throws -> SafeTensors {
    var file = try SafeTensors(try Fixture.bytes("policy.safetensors"))
    file.metadata = [:]
    return file
  }

  @Test(arguments: KernelPath.available) func aTrainedPolicyAnswersAsInStableBaselines3(path: KernelPath) throws {
    let reference = try JSONDecoder().decode(Reference.self, from: Data(try Fixture.bytes("reference.json")))
    let policy = try read(try Fixture.bytes("policy.safetensors"), activation: nil)
    #expect(policy.architecture.policyHidden == [64, 64])
    #expect(policy.architecture.valueHidden == [64, 64])
    let rows = reference.observations.count
    #expect(rows == 256)
    let (outputs, values) = InferencePolicy(policy, kernels: path).run(
      Array(reference.observations.joined()), rows: rows)
    #expect(zip(outputs, reference.logits.joined()).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(zip(values, reference.values).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(try PolicyArtefact.decode(PolicyArtefact.encode(policy)) == policy)
  }

  @Test func theActivationIsAskedFor() throws {
    let bytes = try stateDict().encoded()
    let error = #expect(throws: NeuralError.self) { try read(bytes, activation: nil) }
    #expect(error?.code == .informationMissing)
    #expect(error?.message.contains("tanh or relu") == true)
    #expect(try read(bytes).architecture.activation == .tanh)
    #expect(try read(bytes, activation: .relu).architecture.activation == .relu)
  }

  @Test func spacesThatDoNotFitAreNamed() throws {
    let bytes = try stateDict().encoded()
    let width = #expect(throws: NeuralError.self) { try read(bytes, width: 6) }
    #expect(width?.message == "the policy takes observations of 4 numbers; CartPole-v1 gives 6")
    let actions = #expect(throws: NeuralError.self) { try read(bytes, actions: .discrete(3)) }
    #expect(actions?.message == "the policy has 2 action outputs; CartPole-v1 has 3")
    #expect(throws: NeuralError.self) { try read(bytes, actions: .box(low: [-1, -1], high: [1, 1])) }
  }

  /// State dicts of every architecture that Docent has, by name alone.
  @Test func everyArchitectureIsRecognised() throws {
    for architecture in try Networks.all(environment: "CartPole-v1")
    where architecture.normalizer == nil && !(architecture.sharedTrunk && architecture.policyHidden.isEmpty) {
      let policy = TrainableNetwork(architecture: architecture, seed: 1).policy
      var file = try SafeTensors(PolicyArtefact.encode(policy))
      file.metadata = [:]
      let actions: StableBaselines3.Actions =
        switch architecture.head {
        case .categorical(let count), .qValues(let count): .discrete(count)
        case .gaussian(_, let low, let high): .box(low: low, high: high)
        }
      if case .qValues = architecture.head {
        // DQN's state dict holds the target network beside the other.
        for (name, tensor) in file.tensors { file.tensors["q_net_target." + name.dropFirst("q_net.".count)] = tensor }
      }
      #expect(try read(file.encoded(), width: 5, actions: actions, activation: architecture.activation) == policy)
    }
  }

  @Test func aStateDictOfAnotherKindIsRefused() throws {
    var file = try stateDict()
    file.tensors["features_extractor.cnn.0.weight"] = .init(shape: [1], values: [0])
    let error = #expect(throws: NeuralError.self) { try read(file.encoded()) }
    #expect(error?.message.contains("unknown tensors features_extractor.cnn.0.weight") == true)
  }
}
