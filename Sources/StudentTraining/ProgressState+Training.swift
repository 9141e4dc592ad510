public import Console
public import Learning

extension ProgressState {
  /// A training's progress as it is shown.
  public init(_ progress: TrainingProgress) {
    var details: [(name: String, value: String)] = []
    if let episodeReturn = progress.episodeReturn {
      details.append(("return", NumberFormat.fixed(episodeReturn, digits: 1)))
    }
    if let loss = progress.loss { details.append(("loss", NumberFormat.significant(loss))) }
    self.init(
      done: progress.steps, total: progress.stepsTotal, rate: progress.stepsPerSecond, details: details,
      secondsLeft: progress.secondsLeft)
  }
}
