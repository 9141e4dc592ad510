import CKernels
import Foundation
import Testing

@testable import Neural

@Suite struct PolicyArchitectureTests {
  @Test func theLayoutHasStableBaselinesNames() throws {
    let architecture = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [64, 64])
    #expect(
      architecture.layout.tensors.map(\.name) == [
        "mlp_extractor.policy_net.0.weight", "mlp_extractor.policy_net.0.bias", "mlp_extractor.policy_net.2.weight",
        "mlp_extractor.policy_net.2.bias", "action_net.weight", "action_net.bias",
        "mlp_extractor.value_net.0.weight", "mlp_extractor.value_net.0.bias", "mlp_extractor.value_net.2.weight",
        "mlp_extractor.value_net.2.bias", "value_net.weight", "value_net.bias",
      ])
    #expect(architecture.layout.tensors[0].shape == [64, 4])
    #expect(architecture.parameterCount == 2 * (4 * 64 + 64 + 64 * 64 + 64) + 2 * 64 + 2 + 64 + 1)
  }

  @Test func everyArchitectureSurvivesJSON() throws {
    for architecture in try Networks.all() {
      let data = try JSONEncoder().encode(architecture)
      #expect(try JSONDecoder().decode(PolicyArchitecture.self, from: data) == architecture)
    }
  }

  /// Each refusal says what was given.
  @Test(arguments: [
    (0, [8], Head.categorical(actions: 2), "observation width is 0"),
    (4, [8, 0], .categorical(actions: 2), "policy layer 1 is 0"),
    (4, [8], .categorical(actions: 0), "head is 0"),
    (4, [1 << 20], .categorical(actions: 2), "policy layer 0 is 1048576"),
    (4, [65536, 65536], .categorical(actions: 2), "parameters; expected at most"),
    (4, [8], .gaussian(dimensions: 2, low: [-1], high: [1]), "expected 2 each"),
    (4, [8], .gaussian(dimensions: 1, low: [1], high: [-1]), "low below high"),
    (4, [8], .gaussian(dimensions: 1, low: [-.infinity], high: [1]), "expected finite"),
    (4, [8], .qValues(actions: 2), "Q values"),
  ])
  func nonsenseIsRefused(width: Int, hidden: [Int], head: Head, reason: String) {
    let error = #expect(throws: NeuralError.self) {
      try PolicyArchitecture(environment: "test", observationWidth: width, head: head, policyHidden: hidden)
    }
    #expect(error?.code == .invalidArchitecture)
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test func aDecodedArchitectureIsCheckedToo() throws {
    let architecture = try #require(try Networks.all().first)
    var json = String(decoding: try JSONEncoder().encode(architecture), as: UTF8.self)
    json = json.replacingOccurrences(of: "\"observationWidth\":5", with: "\"observationWidth\":-5")
    #expect(throws: NeuralError.self) {
      try JSONDecoder().decode(PolicyArchitecture.self, from: Data(json.utf8))
    }
  }

  @Test func normalizersAreChecked() {
    for normalizer in [
      Normalizer(mean: [0], variance: [1]), Normalizer(mean: [0, .nan], variance: [1, 1]),
      Normalizer(mean: [0, 0], variance: [1, -1]), Normalizer(mean: [0, 0], variance: [1, 1], limit: 0),
      Normalizer(mean: [0, 0], variance: [1, 0], epsilon: 0),
    ] {
      #expect(throws: NeuralError.self) {
        try PolicyArchitecture(
          environment: "test", observationWidth: 2, head: .categorical(actions: 2), policyHidden: [],
          normalizer: normalizer)
      }
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsAreFinite(bad: Float) throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 2, head: .categorical(actions: 2), policyHidden: [], hasValue: false)
    var parameters = [Float](repeating: 1, count: architecture.parameterCount)
    parameters[4] = bad
    let error = #expect(throws: NeuralError.self) { try Policy(architecture: architecture, parameters: parameters) }
    #expect(error?.code == .notFinite)
    #expect(error?.message.contains("action_net.bias") == true)
    #expect(throws: NeuralError.self) { try Policy(architecture: architecture, parameters: [1, 2]) }
  }

  @Test func kernelPathsAreNamed() throws {
    #expect(try KernelPath.resolve(nil) == KernelPath.available[0])
    #expect(try KernelPath.resolve("") == KernelPath.available[0])
    #expect(try KernelPath.resolve("baseline") == .baseline)
    let error = #expect(throws: NeuralError.self) { try KernelPath.resolve("sse9") }
    #expect(error?.message.contains("sse9") == true)
    #expect(error?.message.contains("baseline") == true)
    for path in KernelPath.available { #expect(String(cString: path.table.pointee.name) == path.rawValue) }
  }
}
