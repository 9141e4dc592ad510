import Neural

/// Small policies with weights of a seed: another seed, other answers.
enum Policies {
  static func make(
    seed: UInt64, observationWidth: Int = 4, actions: Int = 2, hidden: [Int] = [8], hasValue: Bool = true
  ) throws -> InferencePolicy {
    try make(
      seed: seed, head: .categorical(actions: actions), observationWidth: observationWidth, hidden: hidden,
      hasValue: hasValue)
  }

  static func make(
    seed: UInt64, head: Head, observationWidth: Int = 4, hidden: [Int] = [8], hasValue: Bool = true
  ) throws -> InferencePolicy {
    let architecture = try PolicyArchitecture(
      environment: "CartPole-v1", observationWidth: observationWidth, head: head, policyHidden: hidden,
      hasValue: hasValue)
    return InferencePolicy(TrainableNetwork(architecture: architecture, seed: seed).policy)
  }

  /// The same with weights so large that its answers are far from another seed's: fresh policies all but shrug.
  static func decided(seed: UInt64, head: Head = .categorical(actions: 2), hasValue: Bool = true) throws
    -> InferencePolicy
  {
    let policy = try make(seed: seed, head: head, hasValue: hasValue).policy
    return InferencePolicy(try Policy(architecture: policy.architecture, parameters: policy.parameters.map { $0 * 8 }))
  }

  /// What the policy answers to one batch.
  static func answers(_ policy: InferencePolicy, _ observations: [Float]) -> (outputs: [Float], values: [Float]) {
    let architecture = policy.policy.architecture
    let rows = observations.count / architecture.observationWidth
    var outputs = [Float](repeating: 0, count: rows * architecture.head.parameterWidth)
    var values = [Float](repeating: 0, count: rows)
    policy.forward(observations, rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
    return (outputs, values)
  }
}
