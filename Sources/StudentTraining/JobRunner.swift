import Foundation
public import Learning
public import ModelStore
import Neural
import Registry

/// Runs one training job from its beginning to the published student.
///
/// The run, its settings and its metrics are in the registry from the start; a job that fails leaves a failed run that
/// says why, and no version.
public struct JobRunner: Sendable {
  public let job: TrainingJob
  /// Who publishes, for the registry's records.
  public let who: String

  /// - Throws: `StudentError` with code `invalidJob` for a job that could not be run.
  public init(_ job: TrainingJob, who: String = OperatorName.current) throws {
    var job = job
    job.settings.hidden = job.student.hidden
    job.settings.activation = job.student.activation
    try job.validate()
    self.job = job
    self.who = who
  }

  /// Trains, publishes and evaluates.
  ///
  /// - Parameter progress: told after every update, on the training's thread.
  /// - Throws: `StudentError` for a teacher that does not fit, `WireStatus` for one that is not there or goes away,
  ///   `RegistryError`, `LearningError`; `CancellationError` where the task was cancelled.
  public func run(progress: (@Sendable (TrainingProgress) -> Void)? = nil) async throws -> JobSummary {
    let teacher = try await JobTeacher.open(job)
    do {
      let summary = try await withTaskCancellationHandler {
        try await run(teacher, progress)
      } onCancel: {
        // The training's thread may be waiting for a teacher that is away.
        Task { await teacher.close() }
      }
      await teacher.close()
      return summary
    } catch {
      await teacher.close()
      throw error
    }
  }

  private func run(
    _ teacher: JobTeacher, _ progress: (@Sendable (TrainingProgress) -> Void)?
  ) async throws -> JobSummary {
    let store = try await onOwnThread { try PolicyStore(path: job.registry, mode: .create) }
    let run = try await onOwnThread {
      try store.registry.beginRun(
        NewRun(
          model: job.model, environment: job.environment, algorithm: Self.algorithm, seed: job.seed,
          hyperParametersJSON: job.json))
    }
    do {
      let outcome = try await onOwnThread(checking: { check in
        let recorder = MetricRecorder(store.registry, run: run.id)
        let outcome = try train(teacher.makePolicy()) { report in
          try check()
          try recorder.add(report)
          progress?(report)
        }
        try recorder.flush()
        return outcome
      })
      let uses = try await teacher.uses(outcome.teacherRows)
      return try await onOwnThread { try finish(run.id, outcome, uses, store) }
    } catch {
      let isCancelled = error is CancellationError || Task.isCancelled
      // What is thrown is what made the run fail, not what kept it from being written down.
      try? await onOwnThread {
        try store.registry.finishRun(
          run.id, state: isCancelled ? .cancelled : .failed, note: isCancelled ? "interrupted" : "\(error)")
      }
      throw isCancelled ? CancellationError() : error
    }
  }

  static let algorithm = "distillation"

  private func train(_ teacher: any TeacherPolicy, progress: @escaping ProgressHandler) throws -> TrainingOutcome {
    let distillation = try Distillation(
      environment: job.environment, teacher: teacher, settings: job.settings, seed: job.seed)
    return try distillation.train(steps: job.steps, progress: progress)
  }

  /// Publishes first: a student is kept, whatever comes of its evaluation.
  private func finish(
    _ run: String, _ outcome: TrainingOutcome, _ uses: [TeacherUse], _ store: PolicyStore
  ) throws -> JobSummary {
    let lineage = Lineage(
      run: run, algorithm: Self.algorithm, seed: job.seed, environmentSteps: UInt64(outcome.steps), teachers: uses)
    let version = try store.publish(outcome.policy, model: job.model, lineage: lineage, who: who, requestID: run)
    let evaluation = try evaluate(outcome.policy)
    try store.registry.record(
      (evaluation?.metrics ?? []).map { Metric(step: Int64(outcome.steps), name: $0.name, value: $0.value) }, run: run)
    try store.registry.finishRun(run, note: "published \(job.model)#\(version.number)")
    return JobSummary(
      environment: job.environment, registry: job.registry, model: job.model, version: version.number,
      sha256: version.sha256.hex, run: run, seed: job.seed,
      parameters: outcome.policy.architecture.parameterCount, environmentSteps: outcome.steps,
      episodes: outcome.episodes, seconds: outcome.seconds,
      stepsPerSecond: outcome.seconds > 0 ? Double(outcome.steps) / outcome.seconds : 0,
      teachers: uses.map {
        JobSummary.Teacher(model: $0.model, version: $0.version, sha256: $0.sha256?.hex, queries: $0.queries)
      },
      evaluation: evaluation)
  }

  private func evaluate(_ policy: Policy) throws -> JobSummary.Evaluation? {
    guard job.evaluation.episodes > 0 else { return nil }
    let result = try Evaluation.run(
      policy, environment: job.environment,
      settings: Evaluation.Settings(episodes: job.evaluation.episodes, seed: job.evaluation.seed))
    return JobSummary.Evaluation(
      episodes: job.evaluation.episodes, mean: result.mean, interquartileMean: result.interquartileMean,
      low: result.low, high: result.high)
  }
}

extension JobSummary.Evaluation {
  fileprivate var metrics: [(name: String, value: Double)] {
    [("evaluation_mean", mean), ("evaluation_interquartile_mean", interquartileMean)]
  }
}

extension TrainingJob {
  /// The whole job, for the run's record.
  fileprivate var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      encoder.keyEncodingStrategy = .convertToSnakeCase
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
