extension RolloutPlan {
  /// Refuses a plan that could not be carried out. Whether the candidate exists is the registry's to say.
  ///
  /// - Throws: `PlanError` with code `invalid`: what was given, and what would do.
  public func validate() throws(PlanError) {
    try require(candidate > 0, "candidate is missing, expected the version to roll out")
    try validateSteps()
    try require(every > 0 && every.isFinite, "every is \(shortest(every)), expected more than 0 seconds")
    try require(patience >= 0 && patience.isFinite, "patience is \(shortest(patience)), expected 0 seconds or more")
    try require(watch >= 0 && watch.isFinite, "watch is \(shortest(watch)), expected 0 seconds or more")
    try require(
      episodeTimeout > 0 && episodeTimeout.isFinite,
      "episode_timeout is \(shortest(episodeTimeout)), expected more than 0 seconds")
    // Without an episode there is nothing that silence could be told from.
    try require(minimumEpisodes >= 1, "minimum_episodes is \(minimumEpisodes), expected 1 or more")
    try require(alpha > 0 && alpha < 1, "alpha is \(shortest(alpha)), expected a probability between 0 and 1")
    try require(
      shadowPercent >= 0 && shadowPercent <= 100,
      "shadow_percent is \(shortest(shadowPercent)), expected a percentage from 0 to 100")
    try validateGates()
  }

  private func validateSteps() throws(PlanError) {
    let given = "steps is [\(steps.map(shortest).joined(separator: ", "))]"
    try require(
      !steps.isEmpty && steps.count <= Self.stepsMax, "\(given), expected from 1 to \(Self.stepsMax) percentages")
    try require(steps.allSatisfy { $0 > 0 && $0 <= 100 }, "\(given), expected percentages above 0 and up to 100")
    try require(zip(steps, steps.dropFirst()).allSatisfy(<), "\(given), expected each larger than the one before")
  }

  private func validateGates() throws(PlanError) {
    if let range = returnRange {
      try require(
        range.low < range.high && range.low >= -Gate.largest && range.high <= Gate.largest,
        "return_range is [\(shortest(range.low)), \(shortest(range.high))], expected the least return and a larger one, "
          + "from -\(Gate.largest) to \(Gate.largest)")
    }
    for gate in gates {
      try gate.validate()
      try require(
        gates.count { $0.metric == gate.metric } == 1,
        "gates has more than one on \(gate.metric.rawValue), expected at most one a metric")
      if gate.metric.needsShadow {
        try require(
          shadowPercent > 0, "shadow_percent is 0, expected more: gate '\(gate)' needs rows that both versions compute")
      } else {
        guard let range = returnRange else {
          throw PlanError(
            .invalid, "return_range is missing, expected [low, high]: gate '\(gate)' needs to know what returns can be")
        }
        try require(
          abs(gate.threshold) < range.width,
          "gate '\(gate)' has the threshold \(shortest(gate.threshold)), expected between -\(shortest(range.width)) "
            + "and \(shortest(range.width)), which differences of returns can be")
      }
    }
  }

  private static let stepsMax = 100

  private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(PlanError) {
    if !condition { throw PlanError(.invalid, message()) }
  }
}
