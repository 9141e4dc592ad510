import Testing

@testable import Neural

/// The promise of Neural: bits that depend on nothing but the numbers.
@Suite struct DeterminismTests {
  private func policy(_ hidden: [Int], normalizer: Normalizer? = nil) throws -> Policy {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 5, head: .categorical(actions: 3), policyHidden: hidden,
      normalizer: normalizer)
    return TrainableNetwork(architecture: architecture, seed: 3, kernels: .baseline).policy
  }

  @Test(arguments: KernelPath.available) func aRowDoesNotDependOnItsBatch(path: KernelPath) throws {
    let policy = try policy([24, 40])
    let inference = InferencePolicy(policy, kernels: path)
    var numbers = Numbers(seed: 13)
    let observations = numbers.floats(300 * 5, scale: 3)
    let whole = InferencePolicy(policy, kernels: .baseline).run(observations, rows: 300)
    for rows in 1...300 {
      let first = 300 - rows
      let part = inference.run(Array(observations[(first * 5)...]), rows: rows)
      #expect(part.outputs.bits == Array(whole.outputs[(first * 3)...]).bits, "\(rows) rows")
      #expect(part.values.bits == Array(whole.values[first...]).bits, "\(rows) rows")
    }
  }

  /// One number for all paths, all processors: it changes only when the arithmetic does, and then served policies and
  /// recorded golden rows change with it.
  @Test(arguments: KernelPath.available) func inferenceHash(path: KernelPath) throws {
    var hash = Hash()
    var numbers = Numbers(seed: 14)
    let observations = numbers.floats(130 * 5, scale: 3)
    for architecture in try Networks.all() {
      let policy = TrainableNetwork(architecture: architecture, seed: 5, kernels: path).policy
      let (outputs, values) = InferencePolicy(policy, kernels: path).run(observations, rows: 130)
      hash.add(outputs)
      hash.add(values)
    }
    #expect(hash.value == 17_754_657_212_391_894_800)
  }

  /// A short training run: PPO's loss and distillation's in turn, with Adam.
  static func train(path: KernelPath, threads: Int, updates: Int = 12) throws -> [Float] {
    let rows = 64
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [32, 20],
      valueHidden: [24])
    let network = TrainableNetwork(architecture: architecture, seed: 7, threads: threads, kernels: path)
    var adam = Adam(count: network.parameterCount, learningRate: 1e-2, kernels: path)
    var numbers = Numbers(seed: 15)
    var (outputs, values) = ([Float](repeating: 0, count: 2 * rows), [Float](repeating: 0, count: rows))
    var (outputGradients, valueGradients) = (outputs, values)
    for update in 0..<updates {
      let observations = numbers.floats(rows * 4)
      let targets = numbers.floats(rows)
      let teacher = numbers.floats(rows * 2)
      var advantages = numbers.floats(rows)
      let actions = (0..<rows).map { _ in Int32(numbers.integer(below: 2)) }
      network.forward(observations, rows: rows, outputs: &outputs, values: &values)
      VectorMath.standardize(&advantages, count: rows, kernels: path)
      _ = PolicyLoss.ppo(
        PolicyLoss.PPO(entropyCoefficient: 0.01), rows: rows, actionCount: 2, logits: outputs, values: values,
        actions: actions, oldLogProbabilities: [Float](repeating: -0.7, count: rows), advantages: advantages,
        returns: targets, oldValues: nil, logitGradients: &outputGradients, valueGradients: &valueGradients,
        kernels: path)
      if update % 3 == 2 {
        _ = PolicyLoss.distillation(
          teacher: teacher, student: outputs, rows: rows, actionCount: 2, temperature: 2, gradient: &outputGradients,
          kernels: path)
      }
      network.backward(outputGradients: outputGradients, valueGradients: valueGradients)
      adam.step(parameters: network.parameters, gradients: network.gradients, maxNorm: 0.5)
    }
    return network.policy.parameters
  }

  @Test(arguments: KernelPath.available, [1, 2]) func trainingHash(path: KernelPath, threads: Int) throws {
    var hash = Hash()
    hash.add(try Self.train(path: path, threads: threads))
    #expect(hash.value == 1_257_920_954_372_468_749)
  }

  @Test func servedAndTrainedNetworksAgree() throws {
    var numbers = Numbers(seed: 16)
    let observations = numbers.floats(40 * 5, scale: 3)
    for architecture in try Networks.all() {
      let network = TrainableNetwork(architecture: architecture, seed: 2)
      let served = InferencePolicy(network.policy).run(observations, rows: 40)
      var outputs = [Float](repeating: .nan, count: 40 * architecture.head.parameterWidth)
      var values = [Float](repeating: .nan, count: 40)
      network.forward(observations, rows: 40, outputs: &outputs, values: &values)
      #expect(outputs.bits == served.outputs.bits)
      #expect(values.bits == served.values.bits)
    }
  }

  @Test func aWorkspaceServesNetworksOfAnySize() throws {
    let (small, large) = (InferencePolicy(try policy([8])), InferencePolicy(try policy([200, 100])))
    let workspace = Workspace()
    var numbers = Numbers(seed: 17)
    let observations = numbers.floats(200 * 5)
    for network in [small, large, small] {
      let expected = network.run(observations, rows: 200)
      var (outputs, values) = (expected.outputs.map { _ in Float.nan }, expected.values.map { _ in Float.nan })
      network.forward(observations, rows: 200, outputs: &outputs, values: &values, workspace: workspace)
      #expect(outputs.bits == expected.outputs.bits)
      #expect(values.bits == expected.values.bits)
    }
  }
}
