public enum Activation: String, Codable, Sendable, CaseIterable { case tanh, relu }

/// What a policy's outputs mean.
public enum Head: Codable, Hashable, Sendable {
  /// Logits, one an action.
  case categorical(actions: Int)
  /// Means, then log standard deviations that do not depend on the state. Actions are clipped to low...high.
  case gaussian(dimensions: Int, low: [Float], high: [Float])
  /// Values, one an action; the greedy one acts.
  case qValues(actions: Int)

  /// Floats in one row of outputs: actions, 2 x dimensions, or actions.
  public var parameterWidth: Int {
    switch self {
    case .categorical(let actions), .qValues(let actions): actions
    case .gaussian(let dimensions, _, _): 2 * dimensions
    }
  }

  /// Outputs of the head's layer: without the log standard deviations, which are parameters of their own.
  var layerWidth: Int {
    switch self {
    case .categorical(let actions), .qValues(let actions): actions
    case .gaussian(let dimensions, _, _): dimensions
    }
  }
}

/// Statistics that turn raw observations into what the first layer reads:
/// `clip((x - mean) / sqrt(variance + epsilon), -limit, limit)`, as Stable-Baselines3's VecNormalize.
public struct Normalizer: Codable, Hashable, Sendable {
  public var mean: [Float]
  public var variance: [Float]
  public var epsilon: Float
  public var limit: Float

  public init(mean: [Float], variance: [Float], epsilon: Float = 1e-8, limit: Float = 10) {
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
    self.limit = limit
  }
}

/// The shape of a policy: everything but its numbers.
///
/// Policy and value trunks are separate (each `hidden` layers and a head), or one trunk carries both heads.
public struct PolicyArchitecture: Codable, Hashable, Sendable {
  public let environment: String
  public let observationWidth: Int
  public let head: Head
  /// Widths of the hidden layers; empty: the head reads the observation.
  public let policyHidden: [Int]
  /// The same of the value trunk: `policyHidden` where the trunk is shared, empty where there is no value.
  public let valueHidden: [Int]
  public let sharedTrunk: Bool
  public let hasValue: Bool
  public let activation: Activation
  public let normalizer: Normalizer?

  /// - Parameter valueHidden: nil means as `policyHidden`.
  /// - Throws: `NeuralError` with code `invalidArchitecture` saying what was given and what makes sense.
  public init(
    environment: String, observationWidth: Int, head: Head, policyHidden: [Int], valueHidden: [Int]? = nil,
    sharedTrunk: Bool = false, hasValue: Bool = true, activation: Activation = .tanh, normalizer: Normalizer? = nil
  ) throws {
    self.environment = environment
    self.observationWidth = observationWidth
    self.head = head
    self.policyHidden = policyHidden
    self.valueHidden = hasValue ? (sharedTrunk ? policyHidden : valueHidden ?? policyHidden) : []
    self.sharedTrunk = sharedTrunk && hasValue
    self.hasValue = hasValue
    self.activation = activation
    self.normalizer = normalizer
    if sharedTrunk, let valueHidden, !valueHidden.isEmpty, valueHidden != policyHidden {
      throw Self.refusal("a shared trunk has one list of layers; given \(policyHidden) and \(valueHidden)")
    }
    if !hasValue, let valueHidden, !valueHidden.isEmpty {
      throw Self.refusal("value layers \(valueHidden) for a policy without a value")
    }
    try validate()
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      environment: values.decode(String.self, forKey: .environment),
      observationWidth: values.decode(Int.self, forKey: .observationWidth),
      head: values.decode(Head.self, forKey: .head),
      policyHidden: values.decode([Int].self, forKey: .policyHidden),
      valueHidden: values.decode([Int].self, forKey: .valueHidden),
      sharedTrunk: values.decode(Bool.self, forKey: .sharedTrunk),
      hasValue: values.decode(Bool.self, forKey: .hasValue),
      activation: values.decode(Activation.self, forKey: .activation),
      normalizer: values.decodeIfPresent(Normalizer.self, forKey: .normalizer))
  }

  /// Trainable numbers of the policy.
  public var parameterCount: Int { layout.count }

  /// The widest layer that a network may have; keeps every product of two widths far from overflow.
  public static let widthMax = 1 << 16
  /// The most parameters that a network may have (1 GiB of fp32).
  public static let parameterCountMax = 1 << 28

  private func validate() throws {
    func check(_ width: Int, _ what: String) throws {
      guard (1...Self.widthMax).contains(width) else {
        throw Self.refusal("\(what) is \(width); expected 1 to \(Self.widthMax)")
      }
    }
    try check(observationWidth, "the observation width")
    for (index, width) in policyHidden.enumerated() { try check(width, "the width of policy layer \(index)") }
    for (index, width) in valueHidden.enumerated() { try check(width, "the width of value layer \(index)") }
    try check(head.layerWidth, "the width of the head")
    if case .gaussian(let dimensions, let low, let high) = head {
      guard low.count == dimensions, high.count == dimensions else {
        throw Self.refusal(
          "bounds of \(low.count) and \(high.count) numbers for a Gaussian head; expected \(dimensions) each")
      }
      guard zip(low, high).allSatisfy({ $0.isFinite && $1.isFinite && $0 < $1 }) else {
        throw Self.refusal("bounds \(low) to \(high) for a Gaussian head; expected finite ones, low below high")
      }
    }
    if case .qValues = head, hasValue {
      throw Self.refusal("a value beside a head of Q values; expected one or the other")
    }
    if let normalizer { try validate(normalizer) }
    guard layout.count <= Self.parameterCountMax else {
      throw Self.refusal("\(layout.count) parameters; expected at most \(Self.parameterCountMax)")
    }
  }

  private func validate(_ normalizer: Normalizer) throws {
    guard normalizer.mean.count == observationWidth, normalizer.variance.count == observationWidth else {
      throw Self.refusal(
        "a normalizer of \(normalizer.mean.count) means and \(normalizer.variance.count) variances; "
          + "expected \(observationWidth) each, the observation's width")
    }
    guard normalizer.mean.allSatisfy(\.isFinite), normalizer.variance.allSatisfy({ $0.isFinite && $0 >= 0 }),
      normalizer.epsilon.isFinite, normalizer.epsilon >= 0, normalizer.limit > 0, normalizer.limit.isFinite,
      normalizer.variance.allSatisfy({ $0 + normalizer.epsilon > 0 })
    else {
      throw Self.refusal(
        "a normalizer with NaN, infinity, a variance (plus epsilon) of zero or less, or a limit of zero or less")
    }
  }

  private static func refusal(_ message: String) -> NeuralError { NeuralError(.invalidArchitecture, message) }
}
