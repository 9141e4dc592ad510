import Console
import Foundation
import Learning
import ModelStore
import Neural
import Registry
import StudentTraining

/// One run of PPO from its beginning to the stored version.
///
/// A run that fails leaves a failed run in the registry that says why, and no version.
struct PPOJob: Sendable {
  let environment: String
  let settings: PPOSettings
  let steps: Int
  let seed: UInt64
  let registry: String
  let model: String
  let evaluationEpisodes: Int

  private static let algorithm = "ppo"

  /// Blocks the thread.
  ///
  /// - Parameter progress: told after every update; what it throws ends the run, a `CancellationError` as cancelled.
  func run(progress: @escaping (TrainingProgress) throws -> Void) throws -> TrainingSummary {
    // Refused before anything is written.
    let learner = try PPO(environment: environment, settings: settings, seed: seed)
    let store = try PolicyStore(path: registry, mode: .create)
    let run = try store.registry.beginRun(
      NewRun(
        model: model, environment: environment, algorithm: Self.algorithm, seed: seed,
        hyperParametersJSON: try hyperParameters()))
    do {
      let recorder = MetricRecorder(store.registry, run: run.id)
      let outcome = try learner.train(steps: steps) { report in
        try recorder.add(report)
        try progress(report)
      }
      try recorder.flush()
      return try finish(run.id, outcome, store)
    } catch {
      // What is thrown is what made the run fail, not what kept it from being written down.
      let isCancelled = error is CancellationError
      try? store.registry.finishRun(
        run.id, state: isCancelled ? .cancelled : .failed, note: isCancelled ? "interrupted" : "\(error)")
      throw error
    }
  }

  private func finish(_ run: String, _ outcome: TrainingOutcome, _ store: PolicyStore) throws -> TrainingSummary {
    let lineage = Lineage(
      run: run, algorithm: Self.algorithm, seed: seed, environmentSteps: UInt64(outcome.steps))
    let version = try store.publish(
      outcome.policy, model: model, lineage: lineage, who: OperatorName.current, requestID: run)
    let evaluation = try evaluate(outcome.policy)
    let step = Int64(outcome.steps)
    var metrics: [Metric] = []
    if let validation = outcome.validation {
      metrics.append(Metric(step: step, name: "validation_mean", value: validation.mean))
    }
    if let evaluation {
      metrics.append(Metric(step: step, name: "evaluation_mean", value: evaluation.mean))
      metrics.append(
        Metric(step: step, name: "evaluation_interquartile_mean", value: evaluation.interquartileMean))
    }
    try store.registry.record(metrics, run: run)
    try store.registry.finishRun(run, note: "published \(model)#\(version.number)")
    return TrainingSummary(self, run: run, version: version, outcome: outcome, evaluation: evaluation)
  }

  private func evaluate(_ policy: Policy) throws -> EvaluationResult? {
    guard evaluationEpisodes > 0 else { return nil }
    return try Evaluation.run(
      policy, environment: environment, settings: Evaluation.Settings(episodes: evaluationEpisodes, seed: seed))
  }

  private func hyperParameters() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(settings), as: UTF8.self)
  }
}

/// What a finished training prints.
struct TrainingSummary: Encodable, Sendable {
  struct Evaluation: Encodable, Sendable {
    let episodes: Int
    let mean: Double
    let interquartileMean: Double
    /// A 95% bootstrap interval of the interquartile mean.
    let low: Double
    let high: Double
  }

  let environment: String
  let registry: String
  let model: String
  let version: UInt64
  /// Of the artefact, in hexadecimal.
  let sha256: String
  let run: String
  let seed: UInt64
  let parameters: Int
  let environmentSteps: Int
  let episodes: Int
  /// Of the training alone, validation included.
  let seconds: Double
  let stepsPerSecond: Double
  /// Whether the deterministic mean return on validation seeds reached what the preset calls solved; nil where it
  /// names nothing.
  let solved: Bool?
  let evaluation: Evaluation?

  init(
    _ job: PPOJob, run: String, version: VersionRecord, outcome: TrainingOutcome, evaluation: EvaluationResult?
  ) {
    environment = job.environment
    registry = job.registry
    model = job.model
    self.version = version.number
    sha256 = version.sha256.hex
    self.run = run
    seed = job.seed
    parameters = outcome.policy.architecture.parameterCount
    environmentSteps = outcome.steps
    episodes = outcome.episodes
    seconds = outcome.seconds
    stepsPerSecond = outcome.seconds > 0 ? Double(outcome.steps) / outcome.seconds : 0
    solved = job.settings.solvedReturn == nil ? nil : outcome.validation != nil
    self.evaluation = evaluation.map {
      Evaluation(
        episodes: $0.returns.count, mean: $0.mean, interquartileMean: $0.interquartileMean, low: $0.low, high: $0.high)
    }
  }

  var text: String {
    func shown(_ number: Double) -> String { NumberFormat.fixed(number, digits: 1) }
    let end = solved.map { $0 ? ", solved" : ", not solved" } ?? ""
    var lines = [
      "\(model)#\(version) in \(registry) (\(NumberFormat.grouped(parameters)) parameters, run \(run))",
      "trained   \(NumberFormat.grouped(environmentSteps)) steps and \(NumberFormat.grouped(episodes)) episodes of "
        + "\(environment) in \(NumberFormat.fixed(seconds, digits: 2)) s, \(NumberFormat.rate(stepsPerSecond)) steps/s, "
        + "seed \(seed)\(end)",
    ]
    if let evaluation {
      lines.append(
        "return    mean \(shown(evaluation.mean)), interquartile mean \(shown(evaluation.interquartileMean)) "
          + "[\(shown(evaluation.low)), \(shown(evaluation.high))] over \(evaluation.episodes) episodes")
    }
    return lines.joined(separator: "\n")
  }
}
