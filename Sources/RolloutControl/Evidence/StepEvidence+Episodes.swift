extension StepEvidence {
  /// An episode's first query, where that was in this step.
  ///
  /// - Parameter reports: false for a connection, which nobody reports. It does not say anything about returns, so
  ///   where there is a gate on them it does not count.
  public mutating func saw(unit: UInt64, arm: Arm, at seconds: Double, reports: Bool = true) {
    pass(to: seconds)
    guard reports || !hasReturnGate, episodes[unit] == nil, closed[unit] == nil else { return }
    guard episodes.count < Self.openUnitsMax else {
      uncounted += 1
      return
    }
    episodes.append(OpenEpisodes.Episode(unit: unit, arm: arm, startedSeconds: seconds))
  }

  /// An episode is over.
  ///
  /// - Parameter arm: whose version the report names.
  /// - Returns: whether it counts, and why not.
  public mutating func report(unit: UInt64, arm: Arm, episodeReturn: Double, at seconds: Double) -> ReportOutcome {
    pass(to: seconds)
    guard let episode = episodes[unit] else {
      // Its rows count even if it began before this step.
      if let divergence = divergences.close(unit) { observe(divergence) }
      return closed[unit] ?? .unknownUnit
    }
    guard episode.arm == arm else { return .wrongArm }
    guard episode.episodeReturn == nil else { return .alreadyReported }
    guard plan.returnRange?.contains(episodeReturn) ?? episodeReturn.isFinite else { return .outOfRange }
    // Too late, although nobody looked in between.
    guard nowSeconds < episode.startedSeconds + openSeconds else {
      consumeEpisodes()
      return .timedOut
    }
    episodes.setReturn(episodeReturn, of: unit)
    if let divergence = divergences.close(unit) { observe(divergence) }
    if !hasReturnGate { count(arm) }
    consumeEpisodes()
    return .accepted
  }

  /// After how long an episode is open no more.
  private var openSeconds: Double {
    hasReturnGate ? plan.episodeTimeout : min(Self.unreportedSeconds, plan.episodeTimeout)
  }

  /// Takes episodes in the order of their starts, up to the first that may still be reported. In the order of their
  /// ends the short ones of the latest starts would be in and their long ones not yet, and returns go with length.
  mutating func consumeEpisodes() {
    while let episode = episodes.first {
      let isGivenUp = episode.episodeReturn == nil
      if isGivenUp && nowSeconds < episode.startedSeconds + openSeconds { return }
      episodes.removeFirst()
      closed.insert(episode.unit, isGivenUp ? .timedOut : .alreadyReported)
      if hasReturnGate {
        consumeReturn(of: episode)
      } else if isGivenUp {
        count(episode.arm)
      }
    }
  }

  private mutating func consumeReturn(of episode: OpenEpisodes.Episode) {
    guard let range = plan.returnRange else { return }
    // One that was given up may have had any return.
    let (low, high) = (episode.episodeReturn ?? range.low, episode.episodeReturn ?? range.high)
    if let episodeReturn = episode.episodeReturn {
      count(episode.arm)
      if episode.arm == .stable { stableReturns += episodeReturn }
    }
    if comparesArms {
      if let pair = pairing.add(episode.arm, low: low, high: high) { compare(pair) }
    } else if let reference, episode.arm == .candidate {
      compare((low - reference, high - reference))
    }
  }

  private mutating func compare(_ difference: (lowest: Double, highest: Double)) {
    for index in tests.indices where tests[index].gate.metric == .returns {
      tests[index].add(lowest: difference.lowest, highest: difference.highest)
    }
  }

  private mutating func count(_ arm: Arm) {
    switch arm {
    case .candidate: candidateEpisodes += 1
    case .stable: stableEpisodes += 1
    }
  }
}
