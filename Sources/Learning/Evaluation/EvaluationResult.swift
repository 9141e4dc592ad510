import Environments

/// What a policy reached over some episodes.
public struct EvaluationResult: Codable, Sendable {
  /// The return of each episode, in the order of their seeds.
  public let returns: [Double]
  /// Steps of each episode.
  public let lengths: [Int]
  public let mean: Double
  /// Mean of the middle half: a quarter of the episodes, rounded down, is left out at either end.
  public let interquartileMean: Double
  /// A 95% bootstrap interval of the interquartile mean.
  public let low: Double
  public let high: Double

  /// `seed` is that of the bootstrap's resampling. Needs an episode at least.
  public init(returns: [Double], lengths: [Int], seed: UInt64) {
    precondition(!returns.isEmpty && returns.count == lengths.count)
    self.returns = returns
    self.lengths = lengths
    mean = returns.reduce(0, +) / Double(returns.count)
    interquartileMean = Self.interquartileMean(of: returns)
    (low, high) = Self.bootstrapInterval(of: returns, seed: seed)
  }

  /// Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
  public static func interquartileMean(of returns: [Double]) -> Double {
    let cut = returns.count / 4
    let middle = returns.sorted()[cut..<returns.count - cut]
    return middle.reduce(0, +) / Double(middle.count)
  }

  /// Percentile bootstrap (Efron 1979) of the interquartile mean.
  public static func bootstrapInterval(
    of returns: [Double], confidence: Double = 0.95, resamples: Int = 2000, seed: UInt64
  ) -> (low: Double, high: Double) {
    var generator = PCG64(seed: SeedRange.stream(seed, .bootstrap))
    // A resample is how often it has each of the sorted returns: then nothing needs sorting again.
    let sorted = returns.sorted()
    var counts = Array(repeating: 0, count: sorted.count)
    let means = (0..<resamples).map { _ in
      for index in counts.indices { counts[index] = 0 }
      for _ in sorted { counts[generator.below(sorted.count)] += 1 }
      return interquartileMean(of: sorted, counts: counts)
    }.sorted()
    let tail = (1 - confidence) / 2
    return (quantile(tail, of: means), quantile(1 - tail, of: means))
  }

  /// The same of `counts[i]` times `sorted[i]`, as many in all as there are numbers.
  private static func interquartileMean(of sorted: [Double], counts: [Int]) -> Double {
    let cut = sorted.count / 4
    let kept = sorted.count - 2 * cut
    var (skip, take, sum) = (cut, kept, 0.0)
    for (value, count) in zip(sorted, counts) {
      let skipped = min(skip, count)
      let taken = min(take, count - skipped)
      skip -= skipped
      take -= taken
      sum += Double(taken) * value
    }
    return sum / Double(kept)
  }

  /// Linear between the two nearest of `sorted`.
  static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1)
    let below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }

  /// Where a return lies between a random policy's (0) and the teacher's (1).
  public static func normalized(_ value: Double, random: Double, teacher: Double) -> Double {
    (value - random) / (teacher - random)
  }
}
