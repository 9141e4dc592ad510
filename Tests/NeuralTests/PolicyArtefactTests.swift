import Foundation
import Testing

@testable import Neural

@Suite struct PolicyArtefactTests {
  @Test func everyPolicySurvivesItsArtefact() throws {
    for architecture in try Networks.all() {
      let policy = TrainableNetwork(architecture: architecture, seed: 4).policy
      let bytes = PolicyArtefact.encode(policy)
      #expect(try PolicyArtefact.decode(bytes) == policy)
      #expect(PolicyArtefact.encode(policy) == bytes)
    }
  }

  private func artefact() throws -> SafeTensors {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 2, head: .categorical(actions: 2), policyHidden: [3], hasValue: false)
    return try SafeTensors(PolicyArtefact.encode(TrainableNetwork(architecture: architecture, seed: 1).policy))
  }

  private func refusal(_ change: (inout SafeTensors) -> Void) throws -> NeuralError? {
    var file = try artefact()
    change(&file)
    return #expect(throws: NeuralError.self) { try PolicyArtefact.decode(file.encoded()) }
  }

  @Test func anotherArchitectureIsRefused() throws {
    let missing = try refusal { $0.tensors["action_net.bias"] = nil }
    #expect(missing?.code == .architectureMismatch)
    #expect(missing?.message.contains("missing tensors action_net.bias") == true)
    let unknown = try refusal { $0.tensors["surprise"] = .init(shape: [1], values: [0]) }
    #expect(unknown?.message.contains("unknown tensors surprise") == true)
    let shape = try refusal { $0.tensors["action_net.bias"] = .init(shape: [3], values: [0, 0, 0]) }
    #expect(shape?.message.contains("shape [3]; expected [2]") == true)
  }

  @Test func anArtefactNeedsItsArchitecture() throws {
    #expect(try refusal { $0.metadata["docent"] = nil }?.code == .informationMissing)
    #expect(try refusal { $0.metadata["docent"] = "{}" }?.code == .malformed)
    let nonsense = try refusal {
      $0.metadata["docent"] = $0.metadata["docent"]?.replacingOccurrences(of: "[3]", with: "[0]")
    }
    #expect(nonsense?.code == .invalidArchitecture)
  }
}
