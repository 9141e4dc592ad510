import Environments
public import Neural

/// Plays whole episodes with a policy that does not learn.
///
/// Episode i runs in an environment seeded `firstSeed + i`, from its reset to its end, and its random stream is its own:
/// so what an episode returns depends neither on how many run side by side nor on how long the others are, and short
/// episodes are not counted more often than long ones.
public enum Evaluation {
  public struct Settings: Codable, Hashable, Sendable {
    public var episodes = 100
    /// Of the whole evaluation; environments are seeded from `SeedRange.evaluation`, which no training uses.
    public var seed: UInt64 = 0
    /// False draws actions from the policy's distribution; true takes the most probable one.
    public var deterministic = true
    /// Episodes that run at once. It changes no result.
    public var environments = 64

    public init(episodes: Int = 100, seed: UInt64 = 0, deterministic: Bool = true, environments: Int = 64) {
      self.episodes = episodes
      self.seed = seed
      self.deterministic = deterministic
      self.environments = environments
    }
  }

  /// Evaluates a policy in this process.
  public static func run(
    _ policy: Policy, environment: String, settings: Settings = Settings(), range: SeedRange = .evaluation,
    progress: ((Int) throws -> Void)? = nil
  ) throws -> EvaluationResult {
    try run(
      InProcessTeacher(policy), environment: environment, settings: settings, range: range, progress: progress)
  }

  /// Evaluates whatever answers queries, such as a served model.
  /// - Parameter progress: told how many episodes have ended; what it throws ends the evaluation.
  /// - Throws: `LearningError` where the policy does not fit the environment or the settings make no sense, and what
  ///   the policy's queries throw.
  public static func run(
    _ teacher: any TeacherPolicy, environment: String, settings: Settings = Settings(),
    range: SeedRange = .evaluation, progress: ((Int) throws -> Void)? = nil
  ) throws -> EvaluationResult {
    let spec = try EnvironmentCatalog.spec(id: environment)
    try requireFit(observationWidth: teacher.observationWidth, head: teacher.head, to: spec, who: "the policy")
    let pool = try EpisodePool(spec: spec, settings: settings, range: range)
    let chooser = try ActionChooser(head: teacher.head, deterministic: settings.deterministic, rows: pool.width)
    return try pool.play(progress: progress) { observations, rows, generators, actions in
      try teacher.submit(slot: 0, observations: observations, rows: rows)
      _ = try teacher.collect(slot: 0, outputs: chooser.outputs.pointer, values: chooser.values.pointer)
      chooser.choose(rows: rows, generators: generators, actions: actions)
    }
  }

  /// What actions drawn evenly return: the zero of normalised scores.
  public static func random(
    environment: String, settings: Settings = Settings(), range: SeedRange = .evaluation
  ) throws -> EvaluationResult {
    let spec = try EnvironmentCatalog.spec(id: environment)
    guard case .discrete(let count) = spec.actionSpace else {
      throw LearningError(code: .unsupported, message: "random actions are drawn for discrete spaces only so far")
    }
    let pool = try EpisodePool(spec: spec, settings: settings, range: range)
    return try pool.play(progress: nil) { _, rows, generators, actions in
      for row in 0..<rows { actions[row] = Int32(generators[row].pointee.below(count)) }
    }
  }
}

/// Chooses actions from the outputs of a discrete head.
private final class ActionChooser {
  let outputs: Memory<Float>
  let values: Memory<Float>
  private let uniforms: Memory<Float>
  private let width: Int
  private let deterministic: Bool

  init(head: Head, deterministic: Bool, rows: Int) throws(LearningError) {
    switch head {
    case .categorical: self.deterministic = deterministic
    case .qValues: self.deterministic = true
    case .gaussian:
      throw LearningError(code: .unsupported, message: "policies with \(head.summary) are not evaluated yet")
    }
    width = head.parameterWidth
    outputs = Memory(rows * width)
    values = Memory(rows)
    uniforms = Memory(rows)
  }

  func choose(rows: Int, generators: [UnsafeMutablePointer<PCG64>], actions: UnsafeMutablePointer<Int32>) {
    if deterministic {
      VectorMath.argmax(outputs.pointer, rows: rows, width: width, actions: actions)
    } else {
      for row in 0..<rows { generators[row].pointee.fill(uniforms.pointer + row, count: 1) }
      VectorMath.sampleCategorical(
        outputs.pointer, rows: rows, width: width, uniforms: uniforms.pointer, actions: actions)
    }
  }
}
