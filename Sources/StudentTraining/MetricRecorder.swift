public import Learning
public import Registry

/// Writes a run's metrics to a registry, many in one transaction: each waits for the disk.
///
/// For the training's thread. What was added last is written by ``flush()``.
public final class MetricRecorder {
  private let registry: ModelRegistry
  private let run: String
  private var pending: [Metric] = []
  private var lastFlush = ContinuousClock.now

  /// - Parameter run: the run's identifier.
  public init(_ registry: ModelRegistry, run: String) {
    self.registry = registry
    self.run = run
  }

  /// Takes the figures of one report; every few seconds they are written.
  public func add(_ report: TrainingProgress) throws {
    let step = Int64(report.steps)
    pending += report.metrics.map { Metric(step: step, name: $0.key, value: $0.value) }
    if let loss = report.loss { pending.append(Metric(step: step, name: "loss", value: loss)) }
    if let episodeReturn = report.episodeReturn {
      pending.append(Metric(step: step, name: "episode_return", value: episodeReturn))
    }
    if ContinuousClock.now - lastFlush >= .seconds(2) { try flush() }
  }

  public func flush() throws {
    try registry.record(pending, run: run)
    pending.removeAll(keepingCapacity: true)
    lastFlush = .now
  }
}
