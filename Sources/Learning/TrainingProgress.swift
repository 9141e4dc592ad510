/// How far a training is. Reported after every update.
public struct TrainingProgress: Sendable {
  /// Environment steps done and planned.
  public var steps: Int
  public var stepsTotal: Int
  public var secondsElapsed: Double
  /// Mean return of the last 100 episodes that ended (fewer at first), the acting policy sampling; none before one ended.
  public var episodeReturn: Double?
  public var episodes: Int
  /// The loss of the last update.
  public var loss: Double?
  /// Figures of the last update, named as in the algorithm's paper, for a run's record.
  public var metrics: [String: Double]

  public var stepsPerSecond: Double { secondsElapsed > 0 ? Double(steps) / secondsElapsed : 0 }
  public var secondsLeft: Double? {
    steps > 0 ? secondsElapsed / Double(steps) * Double(max(0, stepsTotal - steps)) : nil
  }

  public init(
    steps: Int, stepsTotal: Int, secondsElapsed: Double, episodeReturn: Double? = nil, episodes: Int = 0,
    loss: Double? = nil, metrics: [String: Double] = [:]
  ) {
    self.steps = steps
    self.stepsTotal = stepsTotal
    self.secondsElapsed = secondsElapsed
    self.episodeReturn = episodeReturn
    self.episodes = episodes
    self.loss = loss
    self.metrics = metrics
  }
}

/// Told after every update; what it throws ends the training and is rethrown.
public typealias ProgressHandler = (TrainingProgress) throws -> Void
