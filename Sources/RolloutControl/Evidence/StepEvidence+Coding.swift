extension StepEvidence: Codable {
  private enum CodingKeys: String, CodingKey {
    case plan, step, reference, candidateEpisodes, stableEpisodes, uncounted, tests, episodes, divergences, pairing
    case stableReturns, nowSeconds
  }

  /// - Throws: `DecodingError` for what ``encode(to:)`` did not write.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let plan = try container.decode(RolloutPlan.self, forKey: .plan)
    let step = try container.decode(Int.self, forKey: .step)
    let tests = try container.decode([GateTest].self, forKey: .tests)
    do throws(PlanError) {
      try plan.validate()
    } catch {
      throw DecodingError.dataCorruptedError(forKey: .plan, in: container, debugDescription: error.message)
    }
    guard 0...plan.watchStep ~= step, tests.map(\.gate) == plan.gates else {
      throw DecodingError.dataCorruptedError(
        forKey: .tests, in: container, debugDescription: "evidence of another plan")
    }
    self.init(plan: plan, step: step, reference: try container.decodeIfPresent(Double.self, forKey: .reference))
    self.tests = tests
    candidateEpisodes = try container.decode(Int.self, forKey: .candidateEpisodes)
    stableEpisodes = try container.decode(Int.self, forKey: .stableEpisodes)
    uncounted = try container.decode(Int.self, forKey: .uncounted)
    episodes = try container.decode(OpenEpisodes.self, forKey: .episodes)
    divergences = try container.decode(OpenDivergences.self, forKey: .divergences)
    pairing = try container.decode(ReturnPairing.self, forKey: .pairing)
    stableReturns = try container.decode(Double.self, forKey: .stableReturns)
    nowSeconds = try container.decode(Double.self, forKey: .nowSeconds)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(plan, forKey: .plan)
    try container.encode(step, forKey: .step)
    try container.encodeIfPresent(reference, forKey: .reference)
    try container.encode(candidateEpisodes, forKey: .candidateEpisodes)
    try container.encode(stableEpisodes, forKey: .stableEpisodes)
    try container.encode(uncounted, forKey: .uncounted)
    try container.encode(tests, forKey: .tests)
    try container.encode(episodes, forKey: .episodes)
    try container.encode(divergences, forKey: .divergences)
    try container.encode(pairing, forKey: .pairing)
    try container.encode(stableReturns, forKey: .stableReturns)
    try container.encode(nowSeconds, forKey: .nowSeconds)
  }
}
