import CKernels
import Testing

@testable import Neural

/// Hidden features: what the forward pass has inside, by name, for any batch on any path.
@Suite struct FeatureTests {
  static let batches = [1, 7, 96, 97, 300]
  static let rows = 300

  /// Every shape in small, and one whose first layer's rows lie further apart than they are wide.
  static func architectures() throws -> [PolicyArchitecture] {
    try Networks.all() + [
      PolicyArchitecture(
        environment: "test", observationWidth: 5, head: .categorical(actions: 3), policyHidden: [256, 40])
    ]
  }

  /// What a policy has inside, by the naive kernels, one layer at a time.
  private struct ByHand {
    var features: [String: [Float]] = [:]
    var outputs: [Float] = []
    var values: [Float] = []

    init(_ policy: Policy, _ observations: [Float], rows: Int) {
      let plan = NetworkPlan(policy.architecture)
      var flat = [Float](repeating: 0, count: plan.count)
      plan.pack(policy.parameters, into: &flat)
      let scales = plan.normalizerScales
      var input = [Float](repeating: 0, count: rows * plan.inputStride)
      ck_naive_normalize(
        observations, rows, policy.architecture.observationWidth, scales?.mean, scales?.scale,
        policy.architecture.normalizer?.limit ?? 0, &input, plan.inputStride)
      for (position, trunk) in plan.trunks.enumerated() {
        let prefix = policy.architecture.sharedTrunk ? "trunk" : ["policy", "value"][position]
        var x = input
        var stride = plan.inputStride
        for (index, var layer) in trunk.hidden.enumerated() {
          let padded = Int(layer.out_padded)
          var y = [Float](repeating: 0, count: rows * padded)
          ck_naive_forward(&layer, flat, x, stride, rows, &y, padded)
          (x, stride) = (y, padded)
          features["\(prefix).\(index)"] = (0..<rows).flatMap { y[($0 * padded)...].prefix(Int(layer.out)) }
        }
        for (index, var layer) in trunk.heads.enumerated() {
          var y = [Float](repeating: 0, count: rows * Int(layer.out))
          ck_naive_forward(&layer, flat, x, stride, rows, &y, Int(layer.out))
          if position == 0, index == 0 { outputs = y } else { values = y }
        }
      }
    }
  }

  @Test(arguments: KernelPath.available) func featuresAreWhatTheForwardPassHasInside(path: KernelPath) throws {
    var numbers = Numbers(seed: 21)
    let observations = numbers.floats(Self.rows * 5, scale: 3)
    let workspace = Workspace()
    for architecture in try Self.architectures() {
      let policy = TrainableNetwork(architecture: architecture, seed: 4, kernels: .baseline).policy
      let inference = InferencePolicy(policy, kernels: path)
      let expected = ByHand(policy, observations, rows: Self.rows)
      #expect(Set(inference.hiddenLayers.map(\.name)) == Set(expected.features.keys))
      for layer in inference.hiddenLayers {
        let whole = try #require(expected.features[layer.name])
        for rows in Self.batches {
          // The last rows, so that a row meets another place in its batch each time; a guard behind them.
          let first = Self.rows - rows
          var features = [Float](repeating: -7, count: rows * layer.width + 16)
          inference.features(
            of: layer, observations: Array(observations[(first * 5)...]), rows: rows, into: &features,
            workspace: workspace)
          let expected = whole[(first * layer.width)...] + [Float](repeating: -7, count: 16)
          #expect(sameBits(features, expected), "\(architecture), \(layer.name), \(rows) rows")
        }
      }
      // The heads on top of these features give what the policy answers.
      let (outputs, values) = inference.run(observations, rows: Self.rows)
      let width = architecture.head.parameterWidth
      let headWidth = architecture.head.layerWidth
      #expect(
        sameBits((0..<Self.rows).flatMap { outputs[($0 * width)...].prefix(headWidth) }, expected.outputs))
      if architecture.hasValue { #expect(sameBits(values, expected.values)) }
    }
  }

  @Test func layersHaveNames() throws {
    func names(shared: Bool, value: Bool = true, head: Head = .categorical(actions: 2)) throws -> [String] {
      let architecture = try PolicyArchitecture(
        environment: "test", observationWidth: 4, head: head, policyHidden: [8, 16],
        valueHidden: shared || !value ? nil : [24], sharedTrunk: shared, hasValue: value)
      return InferencePolicy(TrainableNetwork(architecture: architecture, seed: 1).policy)
        .hiddenLayers.map { "\($0.name)=\($0.width)" }
    }
    #expect(try names(shared: false) == ["policy.0=8", "policy.1=16", "value.0=24"])
    #expect(try names(shared: true) == ["trunk.0=8", "trunk.1=16"])
    #expect(try names(shared: false, value: false) == ["policy.0=8", "policy.1=16"])
    #expect(try names(shared: false, value: false, head: .qValues(actions: 3)) == ["policy.0=8", "policy.1=16"])
  }

  @Test func aLayerIsFoundByItsNameAlone() throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [8, 16])
    let policy = InferencePolicy(TrainableNetwork(architecture: architecture, seed: 1).policy)
    #expect(policy.hiddenLayer(named: "value.1") == policy.hiddenLayers[3])
    for name in ["trunk.0", "policy.2", "policy", "policy.00", "POLICY.0", ""] {
      #expect(policy.hiddenLayer(named: name) == nil, "\(name)")
    }
  }
}
