import Console
import Learning

/// An evaluation as commands print it.
struct EvaluationSummary: Encodable, Sendable {
  let environment: String
  /// As it was named; `random` for random actions.
  let model: String
  /// The versions that answered, in order; none for random actions.
  let versions: [UInt64]
  let episodes: Int
  let seed: UInt64
  /// Episode i ran in an environment seeded with this + i.
  let firstEnvironmentSeed: UInt64
  let deterministic: Bool
  let mean: Double
  let interquartileMean: Double
  /// A 95% bootstrap interval of the interquartile mean.
  let low: Double
  let high: Double
  let minimum: Double
  let maximum: Double
  /// Environment steps of all episodes.
  let steps: Int
  let seconds: Double

  init(
    environment: String, model: String, versions: [UInt64], settings: Evaluation.Settings, deterministic: Bool,
    result: EvaluationResult,
    seconds: Double
  ) {
    self.environment = environment
    self.model = model
    self.versions = versions
    episodes = settings.episodes
    seed = settings.seed
    firstEnvironmentSeed = SeedRange.evaluation.base(settings.seed)
    self.deterministic = deterministic
    mean = result.mean
    interquartileMean = result.interquartileMean
    low = result.low
    high = result.high
    minimum = result.returns.min() ?? .nan
    maximum = result.returns.max() ?? .nan
    steps = result.lengths.reduce(0, +)
    self.seconds = seconds
  }

  var text: String {
    func shown(_ number: Double) -> String { NumberFormat.fixed(number, digits: 1) }
    let answering = versions.map { "#\($0)" }.joined(separator: ", ")
    return """
      \(model)\(versions.isEmpty ? "" : " (version \(answering))") in \(environment)
      return    mean \(shown(mean)), interquartile mean \(shown(interquartileMean)) [\(shown(low)), \(shown(high))], \
      from \(shown(minimum)) to \(shown(maximum))
      episodes  \(episodes), \(deterministic ? "deterministic" : "stochastic"), seed \(seed), \
      \(NumberFormat.grouped(steps)) steps in \(NumberFormat.fixed(seconds, digits: 2)) s
      """
  }
}
