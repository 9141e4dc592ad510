// Messages about policies and where they come from, as proto/docent/v1/docent.proto defines them.
extension V1 {
  /// The server computes `clip((x - mean) / sqrt(variance + epsilon), -limit, limit)`.
  public struct Normalizer: Hashable, Sendable {
    /// One a column of the observation.
    public var mean: [Float]
    /// One a column of the observation.
    public var variance: [Float]
    /// Keeps the root from zero.
    public var epsilon: Float
    /// The largest magnitude that the network sees.
    public var limit: Float

    public init(mean: [Float] = [], variance: [Float] = [], epsilon: Float = 0, limit: Float = 0) {
      self.mean = mean
      self.variance = variance
      self.epsilon = epsilon
      self.limit = limit
    }
  }

  /// What a version is: its spaces, its network's shape, and the fingerprint of all of it.
  public struct Policy: Hashable, Sendable {
    /// The environment's id, such as CartPole-v1.
    public var environment: String
    /// Numbers in one observation.
    public var observationWidth: Int
    /// What an output row means.
    public var head: Head
    /// Categorical and Q values: how many actions; Gaussian: how many dimensions.
    public var actionWidth: Int
    /// Gaussian: the smallest action, a number a dimension.
    public var actionLow: [Float]
    /// Gaussian: the largest action, a number a dimension.
    public var actionHigh: [Float]
    /// Widths of the policy's hidden layers.
    public var policyHidden: [Int]
    /// The same of the value's; empty with a shared trunk, or where there is no value.
    public var valueHidden: [Int]
    /// Policy and value share the hidden layers.
    public var sharedTrunk: Bool
    /// Between the layers.
    public var activation: Activation
    /// Replies carry a value a row.
    public var hasValue: Bool
    /// Applied by the server before the first layer.
    public var normalizer: Normalizer?
    /// How many numbers the network has.
    public var parameters: UInt64
    /// SHA-256 over spaces, normalizer, architecture and weights.
    public var fingerprint: [UInt8]

    public init(
      environment: String = "", observationWidth: Int = 0, head: Head = .categorical, actionWidth: Int = 0,
      actionLow: [Float] = [], actionHigh: [Float] = [], policyHidden: [Int] = [], valueHidden: [Int] = [],
      sharedTrunk: Bool = false, activation: Activation = .tanh, hasValue: Bool = false,
      normalizer: Normalizer? = nil, parameters: UInt64 = 0, fingerprint: [UInt8] = []
    ) {
      self.environment = environment
      self.observationWidth = observationWidth
      self.head = head
      self.actionWidth = actionWidth
      self.actionLow = actionLow
      self.actionHigh = actionHigh
      self.policyHidden = policyHidden
      self.valueHidden = valueHidden
      self.sharedTrunk = sharedTrunk
      self.activation = activation
      self.hasValue = hasValue
      self.normalizer = normalizer
      self.parameters = parameters
      self.fingerprint = fingerprint
    }
  }

  /// One teacher version that a student learned from.
  public struct TeacherUse: Hashable, Sendable {
    /// The teacher's name.
    public var model: String
    /// The version that answered.
    public var version: UInt64
    /// SHA-256 of the teacher's artefact.
    public var sha256: [UInt8]
    /// Rows that this version answered.
    public var queries: UInt64

    public init(model: String = "", version: UInt64 = 0, sha256: [UInt8] = [], queries: UInt64 = 0) {
      self.model = model
      self.version = version
      self.sha256 = sha256
      self.queries = queries
    }
  }

  /// Where a version comes from.
  public struct Lineage: Hashable, Sendable {
    /// The identifier of the run that made it.
    public var run: String
    /// `ppo`, `distillation`, `import`.
    public var algorithm: String
    /// The run's seed.
    public var seed: UInt64
    /// Steps of environments that the run took.
    public var environmentSteps: UInt64
    /// Empty for a policy that learned from rewards.
    public var teachers: [TeacherUse]

    public init(
      run: String = "", algorithm: String = "", seed: UInt64 = 0, environmentSteps: UInt64 = 0,
      teachers: [TeacherUse] = []
    ) {
      self.run = run
      self.algorithm = algorithm
      self.seed = seed
      self.environmentSteps = environmentSteps
      self.teachers = teachers
    }
  }
}
