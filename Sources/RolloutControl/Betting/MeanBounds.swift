import Foundation

/// Bounds on the mean of numbers in [0, 1] that hold after all of them together with probability 1 - alpha.
///
/// The predictable plug-in empirical Bernstein confidence sequence of Waudby-Smith and Ramdas, "Estimating means of
/// bounded random variables by betting", JRSS B 86 (2024), Theorem 2, with their choice of lambda. Its state is a few
/// sums; the tighter sequences of that paper would keep a grid of capitals.
struct MeanBounds: Hashable, Codable, Sendable {
  /// The largest lambda (their c).
  private static let lambdaMax = 0.5

  let alpha: Double
  private(set) var count = 0
  private var sum = 0.0
  private var squaredDeviations = 0.0
  private var lambdas = 0.0
  private var weighted = 0.0
  /// The sum of v_i psi_E(lambda_i).
  private var spread = 0.0

  init(alpha: Double) {
    self.alpha = alpha
  }

  mutating func add(_ x: Double) {
    let t = Double(count + 1)
    let lambda = min(Self.lambdaMax, (2 * log(2 / alpha) / (variance * t * log1p(t))).squareRoot())
    lambdas += lambda
    weighted += lambda * x
    // v = 4 (x - mean before x)^2, psi_E(lambda) = (-log(1 - lambda) - lambda) / 4
    spread += (x - regularisedMean) * (x - regularisedMean) * (-log1p(-lambda) - lambda)
    count += 1
    sum += x
    squaredDeviations += (x - regularisedMean) * (x - regularisedMean)
  }

  /// The plain mean; nil without numbers.
  var mean: Double? { count > 0 ? sum / Double(count) : nil }

  /// Nil without numbers.
  var bounds: (lower: Double, upper: Double)? {
    guard count > 0 else { return nil }
    let centre = weighted / lambdas
    let radius = (log(2 / alpha) + spread) / lambdas
    return (max(0, centre - radius), min(1, centre + radius))
  }

  /// As if a half had been observed once, with variance 1/4.
  private var regularisedMean: Double { (0.5 + sum) / Double(count + 1) }
  private var variance: Double { (0.25 + squaredDeviations) / Double(count + 1) }
}
