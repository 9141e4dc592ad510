import Testing

@testable import Neural

@Suite struct InitialisationTests {
  private func matrix(_ policy: Policy, _ name: String) -> (rows: Int, columns: Int, values: [Double])? {
    guard let tensor = policy.architecture.layout.tensors.first(where: { $0.name == name }),
      let values = policy.tensor(named: name)
    else { return nil }
    return (tensor.shape[0], tensor.shape[1], values.map(Double.init))
  }

  @Test(arguments: [
    ("mlp_extractor.policy_net.0.weight", 2.0), ("mlp_extractor.policy_net.2.weight", 2.0),
    ("mlp_extractor.value_net.0.weight", 2.0), ("action_net.weight", 0.0001), ("value_net.weight", 1.0),
  ])
  func weightsAreOrthogonalWithTheirGain(name: String, gainSquared: Double) throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 6, head: .categorical(actions: 3), policyHidden: [20, 12])
    let policy = TrainableNetwork(architecture: architecture, seed: 9).policy
    let (rows, columns, values) = try #require(matrix(policy, name))
    // The vectors along the longer side are orthogonal and of length gain.
    let (count, length) = (min(rows, columns), max(rows, columns))
    func vector(_ i: Int) -> [Double] {
      (0..<length).map { rows <= columns ? values[i * columns + $0] : values[$0 * columns + i] }
    }
    for i in 0..<count {
      for j in 0...i {
        let product = zip(vector(i), vector(j)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - (i == j ? gainSquared : 0)) < 1e-6 * max(gainSquared, 1e-2))
      }
    }
  }

  @Test func biasesAndDeviationsAreZero() throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 4, head: .gaussian(dimensions: 2, low: [-1, -1], high: [1, 1]),
      policyHidden: [8])
    let policy = TrainableNetwork(architecture: architecture, seed: 1).policy
    for tensor in architecture.layout.tensors where tensor.shape.count == 1 {
      #expect(policy.tensor(named: tensor.name)?.allSatisfy { $0 == 0 } == true)
    }
  }

  @Test func aSeedGivesItsOwnWeights() throws {
    let architecture = try PolicyArchitecture(
      environment: "test", observationWidth: 4, head: .categorical(actions: 2), policyHidden: [8])
    let first = TrainableNetwork(architecture: architecture, seed: 1).policy
    #expect(first == TrainableNetwork(architecture: architecture, seed: 1).policy)
    #expect(first != TrainableNetwork(architecture: architecture, seed: 2).policy)
    #expect(first == TrainableNetwork(policy: first).policy)
  }
}
