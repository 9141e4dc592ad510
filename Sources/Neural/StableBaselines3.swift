/// Reads state dicts of Stable-Baselines3's MlpPolicy (A2C, PPO: `mlp_extractor...`, `action_net`, `value_net`,
/// `log_std`; DQN: `q_net.q_net...`) stored as safetensors.
///
/// A state dict names neither its activation nor its spaces: they are asked for, never guessed.
public enum StableBaselines3 {
  /// The environment's actions, which decide what the last layer means.
  public enum Actions: Hashable, Sendable {
    case discrete(Int)
    case box(low: [Float], high: [Float])
  }

  /// - Parameters:
  ///   - environment: the id that the policy acts in.
  ///   - observationWidth, actions: the environment's spaces, checked against the tensors.
  ///   - activation: the `activation_fn` of the policy (Tanh by default for PPO and A2C, ReLU for DQN). nil takes the
  ///     file's metadata key `activation`, and refuses a file without.
  ///   - normalizer: VecNormalize's statistics of the observations.
  /// - Throws: `NeuralError` with what was found and what is expected.
  public static func read(
    safetensors bytes: [UInt8], environment: String, observationWidth: Int, actions: Actions,
    activation: Activation?, normalizer: Normalizer? = nil
  ) throws -> Policy {
    var file = try SafeTensors(bytes)
    let activation = try self.activation(of: file, given: activation)
    // A target network is a copy for training; the policy is the other.
    file.tensors = file.tensors.filter { !$0.key.hasPrefix("q_net_target.") }
    let isQ = file.tensors.keys.contains { $0.hasPrefix("q_net.") }
    let shared = try widths(file, "mlp_extractor.shared_net")
    let policy = try widths(file, isQ ? "q_net.q_net" : "mlp_extractor.policy_net")
    let value = try widths(file, "mlp_extractor.value_net")
    guard shared.isEmpty || (policy.isEmpty && value.isEmpty) else {
      throw NeuralError(
        .architectureMismatch,
        "a shared trunk below separate policy and value networks; expected one shared trunk, or separate ones")
    }
    let architecture = try PolicyArchitecture(
      environment: environment, observationWidth: observationWidth, head: head(isQ, actions),
      // The last layer of a Q network is its head.
      policyHidden: !shared.isEmpty ? shared : isQ ? policy.dropLast() : policy,
      valueHidden: isQ || file.tensors["value_net.weight"] == nil ? [] : shared.isEmpty ? value : shared,
      sharedTrunk: !shared.isEmpty, hasValue: !isQ && file.tensors["value_net.weight"] != nil,
      activation: activation, normalizer: normalizer)
    try checkSpaces(file, architecture, isQ ? "q_net.q_net.\(2 * max(policy.count - 1, 0))" : "action_net")
    return try file.policy(of: architecture)
  }

  private static func activation(of file: SafeTensors, given: Activation?) throws -> Activation {
    let names = Activation.allCases.map(\.rawValue).joined(separator: " or ")
    guard let name = file.metadata["activation"] else {
      if let given { return given }
      throw NeuralError(
        .informationMissing,
        "the state dict does not say its activation; give \(names) (Stable-Baselines3's default is tanh for PPO and "
          + "A2C, relu for DQN)")
    }
    guard let activation = Activation(rawValue: name) else {
      throw NeuralError(.architectureMismatch, "the activation is \"\(name)\"; expected \(names)")
    }
    guard given == nil || given == activation else {
      throw NeuralError(
        .architectureMismatch,
        "the activation \(given?.rawValue ?? ""); expected \(name), which the file's metadata says")
    }
    return activation
  }

  private static func head(_ isQ: Bool, _ actions: Actions) throws -> Head {
    switch (isQ, actions) {
    case (true, .discrete(let count)): return .qValues(actions: count)
    case (false, .discrete(let count)): return .categorical(actions: count)
    case (false, .box(let low, let high)): return .gaussian(dimensions: low.count, low: low, high: high)
    case (true, .box):
      throw NeuralError(.architectureMismatch, "Q values for an environment whose actions are continuous")
    }
  }

  /// Output widths of the linear layers of a Sequential: tensors prefix.0, prefix.2, prefix.4 ...
  private static func widths(_ file: SafeTensors, _ prefix: String) throws -> [Int] {
    var widths: [Int] = []
    while let weight = file.tensors["\(prefix).\(2 * widths.count).weight"] {
      guard weight.shape.count == 2 else {
        throw NeuralError(
          .architectureMismatch,
          "tensor \(prefix).\(2 * widths.count).weight has shape \(weight.shape); expected [outputs, inputs]")
      }
      widths.append(weight.shape[0])
    }
    return widths
  }

  /// Says that spaces differ in their terms, before tensors are compared one by one.
  private static func checkSpaces(_ file: SafeTensors, _ architecture: PolicyArchitecture, _ last: String) throws {
    for tensor in architecture.layout.tensors where tensor.shape.count == 2 {
      guard let given = file.tensors[tensor.name]?.shape, given.count == 2, given != tensor.shape else { continue }
      if given[1] != tensor.shape[1], tensor.shape[1] == architecture.observationWidth {
        throw NeuralError(
          .architectureMismatch,
          "the policy takes observations of \(given[1]) numbers; \(architecture.environment) gives "
            + "\(architecture.observationWidth)")
      }
      if tensor.name == "\(last).weight", given[0] != tensor.shape[0] {
        throw NeuralError(
          .architectureMismatch,
          "the policy has \(given[0]) action outputs; \(architecture.environment) has \(tensor.shape[0])")
      }
    }
  }
}
