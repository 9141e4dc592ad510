public import Neural

/// How `PPO` learns. The names are Stable-Baselines3's concepts; `init` has its defaults for eight environments.
public struct PPOSettings: Codable, Hashable, Sendable {
  /// Environments that step side by side, and steps of each between two updates.
  public var environments = 8
  public var rolloutSteps = 256
  /// Passes over a rollout, and the minibatches that each is cut into; rows = environments x rolloutSteps.
  public var epochs = 10
  public var minibatches = 32

  public var learningRate: Float = 3e-4
  public var learningRateSchedule = Schedule.constant
  /// Stable-Baselines3's 1e-5, not PyTorch's 1e-8.
  public var adamEpsilon: Float = 1e-5
  /// The gradient's norm is clipped to this; nil: not at all.
  public var maxGradientNorm: Float? = 0.5

  /// Discount, and the lambda of generalised advantage estimation.
  public var gamma: Float = 0.99
  public var lambda: Float = 0.95
  /// Epsilon of the clipped surrogate.
  public var clip: Float = 0.2
  public var clipSchedule = Schedule.constant
  public var entropyCoefficient: Float = 0
  /// Times the mean of (V - R)^2, without a further half.
  public var valueCoefficient: Float = 0.5
  public var valueClipping = PolicyLoss.PPO.ValueClipping.none
  /// Advantages of a minibatch are shifted and scaled to mean 0 and deviation 1.
  public var normalizesAdvantages = true

  public var hidden = [64, 64]
  public var activation = Activation.tanh
  public var sharesTrunk = false

  /// Training ends early once a deterministic policy's mean return over `validationEpisodes` reaches this; nil: never.
  public var solvedReturn: Double?
  public var validationEpisodes = 100
  /// Steps from one validation to the next.
  public var validationInterval = 5000
  /// Threads of an update: with 2, policy and value network run side by side. It changes no result.
  public var threads = 2

  public init() {}

  /// Ours for CartPole-v1: solved within seconds, from any seed.
  public static var cartPole: PPOSettings {
    var settings = rlZoo
    settings.solvedReturn = 495
    return settings
  }

  /// PureJaxRL's `ppo.py` for CartPole: 4 x 128 steps, 4 epochs of 4 minibatches.
  public static var pureJaxRL: PPOSettings {
    var settings = PPOSettings()
    settings.environments = 4
    settings.rolloutSteps = 128
    settings.epochs = 4
    settings.minibatches = 4
    settings.learningRate = 2.5e-4
    settings.learningRateSchedule = .linear
    settings.entropyCoefficient = 0.01
    // Its value loss has a half of its own.
    settings.valueCoefficient = 0.25
    settings.valueClipping = .maximum(range: 0.2)
    return settings
  }

  /// rl-baselines3-zoo's for CartPole-v1: 8 x 32 steps, one batch of 256, 20 epochs, everything annealed.
  public static var rlZoo: PPOSettings {
    var settings = PPOSettings()
    settings.environments = 8
    settings.rolloutSteps = 32
    settings.epochs = 20
    settings.minibatches = 1
    settings.learningRate = 1e-3
    settings.learningRateSchedule = .linear
    settings.gamma = 0.98
    settings.lambda = 0.8
    settings.clipSchedule = .linear
    return settings
  }

  /// Throws `LearningError` with what was given and what makes sense.
  public func validate() throws(LearningError) {
    typealias E = LearningError
    try E.require(environments > 0, "\(environments) environments; at least 1 is needed")
    try E.require(rolloutSteps > 0, "\(rolloutSteps) steps a rollout; at least 1 is needed")
    try E.require(environments <= 1 << 20 && rolloutSteps <= 1 << 20, "a rollout of more than 2^40 rows")
    try E.require(epochs > 0, "\(epochs) epochs; at least 1 is needed")
    let rows = environments * rolloutSteps
    try E.require(
      minibatches > 0 && rows.isMultiple(of: minibatches),
      "\(rows) rows do not divide into \(minibatches) minibatches")
    try E.require(learningRate > 0 && learningRate.isFinite, "a learning rate of \(learningRate); it must be above 0")
    try E.require(adamEpsilon > 0, "an Adam epsilon of \(adamEpsilon); it must be above 0")
    try E.require((0...1).contains(gamma), "a gamma of \(gamma); expected 0 to 1")
    try E.require((0...1).contains(lambda), "a lambda of \(lambda); expected 0 to 1")
    try E.require(clip > 0, "a clip of \(clip); it must be above 0")
    try E.require(maxGradientNorm.map { $0 > 0 } ?? true, "the largest gradient norm must be above 0")
    try E.require(threads > 0, "\(threads) threads; at least 1 is needed")
    try E.require(validationEpisodes > 0, "\(validationEpisodes) validation episodes; at least 1 is needed")
  }
}
