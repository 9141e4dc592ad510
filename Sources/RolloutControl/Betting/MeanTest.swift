import Foundation

/// Whether the mean of numbers in [0, 1] is above or below a threshold, as a game: somebody bets on each next number
/// being above the threshold, at odds that would be fair if the mean were the threshold, and somebody else on below.
/// Where the mean is not above, the first one's capital is a supermartingale that began at 1, and so it ever reaches
/// 1/alpha with probability alpha at most (Ville's inequality); likewise for the second. It may be looked at after
/// every number, and stopped whenever.
///
/// Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024), section 4: the
/// capital process, one for each side, with the bets that they call aGRAPA. Their mean and variance so far begin from
/// 1/2 and 1/4; these begin from the threshold, so that less is lost while little is known. Any bets are allowed that
/// depend only on what came before.
///
/// The numbers need not be independent, but each one's mean, given those before it, has to be on the same side of the
/// threshold.
struct MeanTest: Hashable, Codable, Sendable {
  /// No bet risks more than this of the capital (their truncation c).
  static let largestStake = 0.75

  /// Strictly between 0 and 1.
  let threshold: Double
  let alpha: Double
  private(set) var count = 0
  /// Natural logarithms of the two capitals.
  private(set) var logCapitalAbove = 0.0
  private(set) var logCapitalBelow = 0.0
  /// Whether the mean was found to be above the threshold, and below. Found once, it stays.
  private(set) var isAbove = false
  private(set) var isBelow = false
  private var sum = 0.0
  private var squaredDeviations = 0.0

  init(threshold: Double, alpha: Double) {
    self.threshold = threshold
    self.alpha = alpha
  }

  mutating func add(_ x: Double) {
    let (above, below) = bets
    logCapitalAbove += log1p(above * (x - threshold))
    logCapitalBelow += log1p(below * (threshold - x))
    count += 1
    sum += x
    squaredDeviations += (x - mean) * (x - mean)
    isAbove = isAbove || logCapitalAbove >= -log(alpha)
    isBelow = isBelow || logCapitalBelow >= -log(alpha)
  }

  /// What is bet on the next number, for each unit of capital and of distance from the threshold. Kelly's bet on the
  /// mean and variance so far, to second order, and never on the side that they do not favour.
  var bets: (above: Double, below: Double) {
    let edge = mean - threshold
    let kelly = edge / (variance + edge * edge)
    return (
      min(max(kelly, 0), Self.largestStake / threshold), min(max(-kelly, 0), Self.largestStake / (1 - threshold))
    )
  }

  /// As if the threshold had been observed once, with the largest variance that its mean allows.
  private var mean: Double { (threshold + sum) / Double(count + 1) }
  private var variance: Double { (threshold * (1 - threshold) + squaredDeviations) / Double(count + 1) }
}
