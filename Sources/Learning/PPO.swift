import Environments
public import Neural

/// Proximal policy optimization (Schulman et al. 2017, arXiv 1707.06347), the clipped form of equation 7, with an
/// actor and a critic, for discrete actions. Conventions of Stable-Baselines3 where the paper leaves a choice.
///
/// The parameters after a number of steps are decided by environment, settings and seed, bit for bit: not by threads,
/// instruction set or time.
public final class PPO {
  public let settings: PPOSettings
  public let environment: String
  public let seed: UInt64

  private let environments: any VectorEnvironment
  private let actionCount: Int
  private let network: TrainableNetwork
  private var optimizer: Adam
  private let rollout: RolloutBuffer
  private let minibatch: Minibatch
  private var shuffle: Shuffle
  private var actionGenerator: PCG64
  private var shuffleGenerator: PCG64
  private var tracker: EpisodeTracker

  // The network's outputs and the loss's gradients in them, for a rollout's step or a minibatch.
  private let logits: Memory<Float>
  private let values: Memory<Float>
  private let logitGradients: Memory<Float>
  private let valueGradients: Memory<Float>
  private let uniforms: Memory<Float>

  private var stepsDone = 0
  private var nextValidation = 0
  /// The acting policy is near when so many episodes came to this share of the solved return.
  private static let episodesBeforeValidation = 10
  private static let nearness = 0.9

  /// - Parameter initial: where the parameters start; nil: orthogonal, from the seed.
  /// - Throws: `LearningError` for settings that make no sense, an action space that is not discrete, or an initial
  ///   policy that does not fit; `EnvironmentError` for an unknown environment.
  public init(environment: String, settings: PPOSettings, seed: UInt64, initial: Policy? = nil) throws {
    try settings.validate()
    self.environment = environment
    self.settings = settings
    self.seed = seed
    environments = try EnvironmentCatalog.make(id: environment, count: settings.environments)
    let spec = environments.spec
    guard case .discrete(let actionCount) = spec.actionSpace else {
      throw LearningError(code: .unsupported, message: "PPO takes discrete actions so far; \(environment) has a box")
    }
    self.actionCount = actionCount
    if let initial {
      let architecture = initial.architecture
      try requireFit(
        observationWidth: architecture.observationWidth, head: architecture.head, to: spec, who: "the initial policy")
      guard architecture.hasValue, case .categorical = architecture.head else {
        throw LearningError(
          code: .mismatch, message: "the initial policy needs logits and a value to continue with PPO")
      }
      network = TrainableNetwork(policy: initial, threads: settings.threads)
    } else {
      network = TrainableNetwork(
        architecture: try PolicyArchitecture(
          environment: environment, observationWidth: spec.observationWidth, head: Head(for: spec.actionSpace),
          policyHidden: settings.hidden, sharedTrunk: settings.sharesTrunk, activation: settings.activation),
        seed: SeedRange.stream(seed, .parameters), threads: settings.threads)
    }
    optimizer = Adam(
      count: network.parameterCount, learningRate: settings.learningRate, epsilon: settings.adamEpsilon)
    rollout = RolloutBuffer(
      steps: settings.rolloutSteps, environments: settings.environments, observationWidth: spec.observationWidth)
    let minibatchRows = rollout.rows / settings.minibatches
    minibatch = Minibatch(rows: minibatchRows, observationWidth: spec.observationWidth)
    shuffle = Shuffle(count: rollout.rows)
    actionGenerator = PCG64(seed: SeedRange.stream(seed, .actions))
    shuffleGenerator = PCG64(seed: SeedRange.stream(seed, .minibatches))
    tracker = EpisodeTracker(environments: settings.environments)

    let rowsMax = max(minibatchRows, settings.environments)
    logits = Memory(rowsMax * actionCount)
    values = Memory(rowsMax)
    logitGradients = Memory(minibatchRows * actionCount)
    valueGradients = Memory(minibatchRows)
    uniforms = Memory(settings.environments)
    environments.reset(
      seed: SeedRange.training.base(seed), observations: rollout.observations(step: settings.rolloutSteps))
  }

  /// Algorithm 1, until `steps` environment steps were taken (rounded up to whole rollouts) or the settings' solved
  /// return is reached.
  ///
  /// - Throws: what `progress` throws, and `LearningError` (`diverged`) where the parameters are no longer numbers.
  public func train(steps: Int, progress: ProgressHandler? = nil) throws -> TrainingOutcome {
    try LearningError.require(steps > 0, "\(steps) steps to train; at least 1 is needed")
    let stopwatch = Stopwatch()
    let rounded = (steps + rollout.rows - 1) / rollout.rows * rollout.rows
    var validation: EvaluationResult?
    while stepsDone < steps && validation == nil {
      let done = Double(stepsDone) / Double(steps)
      collect()
      rollout.estimateAdvantages(gamma: settings.gamma, lambda: settings.lambda) { [self] observations, rows, values in
        self.value(of: observations, rows: rows, into: values)
      }
      let report = try improve(done: done)
      try progress?(
        TrainingProgress(
          steps: stepsDone, stepsTotal: rounded, secondsElapsed: stopwatch.seconds, episodeReturn: tracker.meanReturn,
          episodes: tracker.episodes, loss: report.loss, metrics: report.metrics))
      validation = try solved()
    }
    return TrainingOutcome(
      policy: try network.snapshot(), steps: stepsDone, episodes: tracker.episodes, seconds: stopwatch.seconds,
      validation: validation, teacherRows: [:])
  }

  /// The policy as it is now.
  public var currentPolicy: Policy { network.policy }

  /// "Run policy pi_old in environment for T timesteps", in all environments at once.
  private func collect() {
    rollout.begin()
    let count = settings.environments
    for step in 0..<settings.rolloutSteps {
      let row = step * count
      network.forward(
        rollout.observations(step: step), rows: count, outputs: logits.pointer, values: rollout.values.pointer + row)
      actionGenerator.fill(uniforms.pointer, count: count)
      VectorMath.sampleCategorical(
        logits.pointer, rows: count, width: actionCount, uniforms: uniforms.pointer,
        actions: rollout.actions.pointer + row, logProbabilities: rollout.logProbabilities.pointer + row)
      let buffers = rollout.stepBuffers(step: step)
      environments.step(actions: .discrete(rollout.actions.pointer + row), into: buffers)
      rollout.keep(step: step)
      tracker.add(0..<count, buffers)
    }
    stepsDone += rollout.rows
  }

  /// "Optimize surrogate L wrt theta, with K epochs and minibatch size M".
  private func improve(done: Double) throws -> (loss: Double, metrics: [String: Double]) {
    optimizer.learningRate = settings.learningRate * settings.learningRateSchedule.factor(done: done)
    let loss = PolicyLoss.PPO(
      clip: settings.clip * settings.clipSchedule.factor(done: done),
      entropyCoefficient: settings.entropyCoefficient, valueCoefficient: settings.valueCoefficient,
      valueClipping: settings.valueClipping)
    let size = rollout.rows / settings.minibatches
    var last: (statistics: PolicyLoss.PPOStatistics, norm: Float)?
    for _ in 0..<settings.epochs {
      shuffle.shuffle(&shuffleGenerator)
      shuffle.withIndices { indices in
        for start in stride(from: 0, to: indices.count, by: size) {
          minibatch.gather(rollout, rows: UnsafeBufferPointer(rebasing: indices[start..<start + size]))
          last = descend(loss, rows: size)
        }
      }
    }
    guard let (statistics, norm) = last, norm.isFinite else {
      throw LearningError(
        code: .diverged, message: "the gradient is no longer finite after \(stepsDone) steps; lower the learning rate")
    }
    let total =
      statistics.policyLoss - loss.entropyCoefficient * statistics.entropy
      + loss.valueCoefficient * statistics.valueLoss
    return (
      Double(total),
      [
        "policy_loss": Double(statistics.policyLoss), "value_loss": Double(statistics.valueLoss),
        "entropy": Double(statistics.entropy), "approximate_kl": Double(statistics.approximateKL),
        "clip_fraction": Double(statistics.clipFraction), "gradient_norm": Double(norm),
        "learning_rate": Double(optimizer.learningRate),
      ]
    )
  }

  /// One step of Adam on one minibatch.
  private func descend(_ loss: PolicyLoss.PPO, rows: Int) -> (statistics: PolicyLoss.PPOStatistics, norm: Float) {
    if settings.normalizesAdvantages { VectorMath.standardize(minibatch.advantages.pointer, count: rows) }
    network.forward(minibatch.observations.pointer, rows: rows, outputs: logits.pointer, values: values.pointer)
    let statistics = PolicyLoss.ppo(
      loss, rows: rows, actionCount: actionCount, logits: logits.pointer, values: values.pointer,
      actions: minibatch.actions.pointer, oldLogProbabilities: minibatch.logProbabilities.pointer,
      advantages: minibatch.advantages.pointer, returns: minibatch.returns.pointer,
      oldValues: minibatch.values.pointer, logitGradients: logitGradients.pointer,
      valueGradients: valueGradients.pointer)
    network.backward(outputGradients: logitGradients.pointer, valueGradients: valueGradients.pointer)
    let norm = optimizer.step(
      parameters: network.parameters, gradients: network.gradients, maxNorm: settings.maxGradientNorm)
    return (statistics, norm)
  }

  /// Values of states outside of the rollout.
  private func value(of observations: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>) {
    var outputs = [Float](repeating: 0, count: rows * actionCount)
    network.forward(observations, rows: rows, outputs: &outputs, values: values)
  }

  /// The validation that ends the training. It is not tried before the acting policy, which samples, comes near.
  private func solved() throws -> EvaluationResult? {
    guard let target = settings.solvedReturn, stepsDone >= nextValidation,
      let recent = tracker.meanReturn(last: Self.episodesBeforeValidation), recent >= Self.nearness * target
    else { return nil }
    nextValidation = stepsDone + settings.validationInterval
    let result = try Evaluation.run(
      network.snapshot(), environment: environment,
      settings: Evaluation.Settings(episodes: settings.validationEpisodes, seed: seed), range: .validation)
    return result.mean >= target ? result : nil
  }
}
