import Foundation
import RolloutSimulation
import Testing

@testable import RolloutControl

@Suite("Always-valid tests of a mean")
struct BettingTests {
  /// The threshold 1/2 and the numbers 1, 1, 0. Mean and variance before each, with the threshold as an observation of
  /// variance 1/4:
  /// - 1/2 and 1/4, so nothing is bet;
  /// - 3/4 and 5/32, so 1/4 / (5/32 + 1/16) = 8/7 is bet on 1, and the capital is 1 + 8/7 / 2 = 11/7;
  /// - 5/6 and 49/432, so 1/3 / (49/432 + 48/432) = 144/97 is bet on 0, and the capital 11/7 (1 - 72/97) = 275/679.
  @Test("Capitals and bets are those worked by hand")
  func capitals() {
    var test = MeanTest(threshold: 0.5, alpha: 0.05)
    #expect(test.bets == (0, 0))
    test.add(1)
    #expect(test.logCapitalAbove == 0 && abs(test.bets.above - 8.0 / 7) < 1e-12 && test.bets.below == 0)
    test.add(1)
    #expect(abs(test.logCapitalAbove - log(11.0 / 7)) < 1e-12 && abs(test.bets.above - 144.0 / 97) < 1e-12)
    test.add(0)
    #expect(abs(test.logCapitalAbove - log(275.0 / 679)) < 1e-12 && test.logCapitalBelow == 0)
    #expect(!test.isAbove && !test.isBelow)
  }

  /// From the second number on the whole stake is bet, so zeros multiply the capital by 1 + 3/4 / 0.95 x 0.05, and
  /// 1.03947^78 = 20.5 is the first power over 20.
  @Test("No bet risks more than three quarters, so zeros are below 0.05 after 79 of them at alpha 0.05")
  func truncation() {
    var test = MeanTest(threshold: 0.05, alpha: 0.05)
    for _ in 0..<78 { test.add(0) }
    #expect(!test.isBelow && test.bets.below == 0.75 / 0.95)
    test.add(0)
    #expect(test.isBelow && !test.isAbove)
    let capital = exp(test.logCapitalBelow)
    test.add(1)
    #expect(abs(exp(test.logCapitalBelow) / capital - 0.25) < 1e-12)
    #expect(test.isBelow)
  }

  /// The sums of the paper's Theorem 2, worked apart from this code.
  @Test("Bounds are those of the empirical Bernstein sequence")
  func bounds() throws {
    var bounds = MeanBounds(alpha: 0.05)
    #expect(bounds.mean == nil && bounds.bounds == nil)
    for index in 0..<200 { bounds.add(Double(index * 7 % 10) / 10) }
    let (lower, upper) = try #require(bounds.bounds)
    #expect(abs(lower - 0.3779752864745936) < 1e-9 && abs(upper - 0.5206882844277525) < 1e-9)
    #expect(try abs(#require(bounds.mean) - 0.45) < 1e-12)
  }

  /// Streams whose mean is the threshold, where each verdict of "above", and each of "below", is at its likeliest to be
  /// wrong.
  static let streams: [(name: String, mean: Double, draw: @Sendable (inout Numbers) -> Double)] = [
    ("rare ones", 0.05, { $0.unit() < 0.05 ? 1 : 0 }),
    ("rare zeros", 0.95, { $0.unit() < 0.95 ? 1 : 0 }),
    ("uniform", 0.5, { $0.unit() }),
    ("skewed", 0.25, { pow($0.unit(), 3) }),
    ("coins", 0.5, { $0.unit() < 0.5 ? 1 : 0 }),
  ]

  @Test("Looked at after every number, either verdict is wrong in less than alpha of the streams", arguments: 0..<5)
  func falseAlarms(kind: Int) {
    let (name, mean, draw) = Self.streams[kind]
    let (alpha, count) = (0.1, 300)
    var wrong = (above: 0, below: 0, bounds: 0)
    for seed in 0..<count {
      var numbers = Numbers(seed: seed)
      var test = MeanTest(threshold: mean, alpha: alpha)
      var bounds = MeanBounds(alpha: alpha)
      var isOutside = false
      for _ in 0..<400 {
        let x = draw(&numbers)
        test.add(x)
        bounds.add(x)
        if let (lower, upper) = bounds.bounds, mean < lower || mean > upper { isOutside = true }
      }
      wrong.above += test.isAbove ? 1 : 0
      wrong.below += test.isBelow ? 1 : 0
      wrong.bounds += isOutside ? 1 : 0
    }
    let most = Int(alpha * Double(count))
    #expect(wrong.above <= most && wrong.below <= most && wrong.bounds <= most, "\(name): \(wrong) of \(count)")
    // A test that never decides would keep alpha too.
    #expect(wrong.above + wrong.below > 0, "\(name)")
  }

  @Test("A mean off its threshold is found on its side, in every stream")
  func power() {
    for seed in 0..<100 {
      var numbers = Numbers(seed: seed)
      var (low, high) = (MeanTest(threshold: 0.4, alpha: 0.003), MeanTest(threshold: 0.6, alpha: 0.003))
      for _ in 0..<400 {
        let x = numbers.unit()
        low.add(x)
        high.add(x)
      }
      #expect(low.isAbove && !low.isBelow && high.isBelow && !high.isAbove)
    }
  }

  @Test("A verdict of a gate stays, whatever comes after")
  func sticky() {
    var gate = GateTest(Gate(.agreement, 0.95), returnRange: nil, alpha: 0.01)
    while gate.state == .undecided { gate.add(1) }
    #expect(gate.state == .passed)
    for _ in 0..<100 { gate.add(0) }
    #expect(gate.state == .passed)
  }

  @Test("A verdict bounds what is shown: the threshold is outside or at the end of the interval")
  func shown() throws {
    var gate = GateTest(Gate(.kl, 0.05), returnRange: nil, alpha: 0.01)
    while gate.state == .undecided { gate.add(0) }
    let reading = gate.reading()
    #expect(reading.state == .passed && reading.estimate == 0 && reading.lower == 0)
    #expect(try #require(reading.upper) <= 0.05 + 1e-12)
  }

  @Test("A gate's values are capped at 20 thresholds, and shown in its own units")
  func cap() throws {
    var gate = GateTest(Gate(.kl, 0.05), returnRange: nil, alpha: 0.01)
    gate.add(0.5)
    gate.add(1e300)
    #expect(try abs(#require(gate.reading().estimate) - 0.75) < 1e-12)
    var returns = GateTest(Gate(.returns, -5), returnRange: ReturnRange(low: -100, high: 400), alpha: 0.01)
    returns.add(lowest: -30, highest: 10)
    let reading = returns.reading()
    #expect(try abs(#require(reading.estimate) + 10) < 1e-9)
    #expect(reading.lower == -500 && reading.upper == 500 && reading.units == 1)
  }
}
