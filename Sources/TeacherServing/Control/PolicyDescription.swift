public import Neural
public import Wire

extension V1.Policy {
  /// A policy's spaces and shape in the words of the schema.
  ///
  /// - Parameter fingerprint: SHA-256 over spaces, normalizer, architecture and weights; empty where it is not known.
  public init(_ architecture: PolicyArchitecture, fingerprint: [UInt8]) {
    self.init(
      environment: architecture.environment, observationWidth: architecture.observationWidth,
      policyHidden: architecture.policyHidden, valueHidden: architecture.valueHidden,
      sharedTrunk: architecture.sharedTrunk, activation: architecture.activation == .tanh ? .tanh : .relu,
      hasValue: architecture.hasValue,
      normalizer: architecture.normalizer.map {
        V1.Normalizer(mean: $0.mean, variance: $0.variance, epsilon: $0.epsilon, limit: $0.limit)
      },
      parameters: UInt64(architecture.parameterCount), fingerprint: fingerprint)
    switch architecture.head {
    case .categorical(let actions):
      head = .categorical
      actionWidth = actions
    case .gaussian(let dimensions, let low, let high):
      head = .gaussian
      actionWidth = dimensions
      actionLow = low
      actionHigh = high
    case .qValues(let actions):
      head = .qValues
      actionWidth = actions
    }
  }
}
