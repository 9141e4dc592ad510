import Foundation
import Testing

@testable import Neural

/// Divergences of answers, by numbers worked by hand.
@Suite struct DivergenceTests {
  private func sums(
    _ head: Head, _ reference: [Float], _ other: [Float], values: ([Float], [Float])? = nil
  ) -> Divergence.Sums {
    let rows = reference.count / head.parameterWidth
    let none = [Float](repeating: .nan, count: rows)
    return Divergence(head, hasValues: values != nil).sums(
      reference: reference, values?.0 ?? none, other: other, values?.1 ?? none, rows: rows)
  }

  private func expect(_ sums: Divergence.Sums, _ expected: Divergence.Sums, location: SourceLocation = #_sourceLocation)
  {
    #expect(abs(sums.kl - expected.kl) <= 1e-6 * max(1, expected.kl), sourceLocation: location)
    #expect(abs(sums.value - expected.value) <= 1e-6, sourceLocation: location)
    #expect(sums.rows == expected.rows, sourceLocation: location)
    #expect(sums.agreement == expected.agreement && sums.errors == expected.errors, sourceLocation: location)
  }

  private func logs(_ probabilities: [Double], plus shift: Double = 0) -> [Float] {
    probabilities.map { Float(log($0) + shift) }
  }

  @Test("Categorical: from (1/2, 1/4, 1/4) to (1/4, 1/2, 1/4) it is (ln 2) / 4, and the other way round as much")
  func categorical() {
    let head = Head.categorical(actions: 3)
    let (p, q) = ([0.5, 0.25, 0.25], [0.25, 0.5, 0.25])
    // 1/2 ln 2 + 1/4 ln 1/2 + 0
    expect(
      sums(head, logs(p), logs(q, plus: 40), values: ([2], [-1.5])),
      Divergence.Sums(rows: 1, kl: log(2) / 4, agreement: 0, value: 3.5))
    // From (3/4, 1/4) to (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2; the way back is another number.
    let two = Head.categorical(actions: 2)
    let forth = 0.75 * log(1.5) + 0.25 * log(0.5)
    let back = 0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25)
    expect(sums(two, logs([0.75, 0.25]), logs([0.5, 0.5])), Divergence.Sums(rows: 1, kl: forth, agreement: 1))
    expect(
      sums(two, logs([0.5, 0.5]) + logs([0.75, 0.25]), logs([0.75, 0.25]) + logs([0.5, 0.5])),
      Divergence.Sums(rows: 2, kl: forth + back, agreement: 2))
  }

  @Test("The first of equally large logits is the greedy action")
  func ties() {
    let head = Head.categorical(actions: 3)
    #expect(sums(head, [1, 1, 0], [2, 0, 1]).agreement == 1)
    #expect(sums(head, [1, 1, 0], [0, 2, 1]).agreement == 0)
    #expect(sums(head, [0, 1, 1], [0, 5, 1]).agreement == 1)
  }

  @Test("Q values: softmax at temperature 1, and the difference of the largest")
  func qValues() {
    let head = Head.qValues(actions: 2)
    // exp gives 3 : 1 and 1 : 1. Values that are passed are another head's.
    expect(
      sums(head, [Float(log(3.0)), 0], [5, 5], values: ([100], [0])),
      Divergence.Sums(
        rows: 1, kl: 0.75 * log(1.5) + 0.25 * log(0.5), agreement: 1, value: 5 - log(3)))
  }

  @Test("Gaussian: N(1, 1) to N(0, 2) is ln 2 + (1 + 1) / 8 - 1/2 in each dimension")
  func gaussian() {
    let head = Head.gaussian(dimensions: 2, low: [-10, -10], high: [10, 10])
    let each = log(2) + 2.0 / 8 - 0.5
    let wide = Float(log(2.0))
    expect(
      sums(head, [1, 1, 0, 0], [0, 0, wide, wide], values: ([0.25], [0.75])),
      Divergence.Sums(rows: 1, kl: 2 * each, agreement: 1, value: 0.5))
    // From the wide one to the narrow one: -ln 2 + (4 + 1) / 2 - 1/2.
    expect(
      sums(head, [0, 0, wide, 0], [1, 0, 0, 0]), Divergence.Sums(rows: 1, kl: -log(2) + 2, agreement: 1))
  }

  @Test("Gaussian: actions agree within a twentieth of the range in every dimension, after clipping")
  func gaussianAgreement() {
    // A twentieth is 0.2 and 0.0625.
    let head = Head.gaussian(dimensions: 2, low: [-2, 0], high: [2, 1.25])
    func agrees(_ x: [Float], _ y: [Float]) -> Bool { sums(head, x + [0, 0], y + [0, 0]).agreement == 1 }
    #expect(agrees([0, 0.5], [0.1875, 0.5625]))
    #expect(!agrees([0, 0.5], [0.25, 0.5]))
    #expect(!agrees([0, 0.5], [0, 0.625]))
    #expect(agrees([1.9375, -7], [99, 0.0625]), "both are at the bounds")
    #expect(!agrees([-9, 0], [9, 0]))
  }

  @Test("Gaussian: where the range is infinite, within a tenth of the reference's deviation")
  func unboundedAgreement() {
    let head = Head.gaussian(dimensions: 1, low: [-.infinity], high: [.infinity])
    let two = Float(log(2.0))
    #expect(sums(head, [1, two], [1.19, -3]).agreement == 1)
    #expect(sums(head, [1, two], [1.21, -3]).agreement == 0)
    #expect(sums(head, [1, 0], [1.19, two]).agreement == 0)
  }

  @Test(
    "The same answers diverge by nothing, and agree",
    arguments: [
      Head.categorical(actions: 5), .qValues(actions: 5),
      .gaussian(dimensions: 3, low: [-1, -1, -1], high: [1, 1, 1]),
    ])
  func same(head: Head) {
    var numbers = Numbers(seed: 8)
    let outputs = numbers.floats(100 * head.parameterWidth, scale: 4)
    let values = numbers.floats(100)
    #expect(
      sums(head, outputs, outputs, values: (values, values)) == Divergence.Sums(rows: 100, agreement: 100))
  }

  @Test(
    "A row that the other policy alone answers with NaN or infinity is an error as far away as can be",
    arguments: [
      Head.categorical(actions: 2), .qValues(actions: 2), .gaussian(dimensions: 1, low: [-1], high: [1]),
    ])
  func errors(head: Head) {
    let fine: [Float] = [0.25, 0]
    let most = Divergence.largest
    for bad in [.nan, .infinity, -.infinity] as [Float] {
      for broken in [[bad, 0], [0, bad]] {
        let expected = Divergence.Sums(rows: 2, kl: most, agreement: 1, value: most, errors: 1)
        #expect(sums(head, fine + fine, broken + fine, values: ([0, 0], [0, 0])) == expected)
        // Where the reference has none either, it is the question that was broken.
        #expect(
          sums(head, broken + fine, broken + fine, values: ([0, 0], [0, 0])) == Divergence.Sums(rows: 1, agreement: 1))
        #expect(
          sums(head, broken + fine, fine + fine, values: ([0, 0], [0, 0])) == Divergence.Sums(rows: 1, agreement: 1))
      }
    }
  }

  @Test("A value that is not finite is an error; one that nobody compares is not")
  func badValues() {
    let head = Head.categorical(actions: 2)
    let most = Divergence.largest
    #expect(
      sums(head, [1, 2], [1, 2], values: ([0], [.nan])) == Divergence.Sums(rows: 1, kl: most, value: most, errors: 1))
    #expect(sums(head, [1, 2], [1, 2], values: ([.nan], [0])) == Divergence.Sums())
    #expect(sums(head, [1, 2], [1, 2]) == Divergence.Sums(rows: 1, agreement: 1))
  }

  @Test("What is too far apart for a double is as far as can be, and no more")
  func overflow() {
    let gaussian = Head.gaussian(dimensions: 1, low: [-1], high: [1])
    #expect(sums(gaussian, [3e38, 0], [0, -800]).kl == Divergence.largest)
    #expect(sums(gaussian, [0, 3e38], [0, -3e38]).kl == Divergence.largest)
    #expect(sums(.categorical(actions: 2), [3e38, -3e38], [-3e38, 3e38]).kl == Divergence.largest)
    expect(
      sums(.categorical(actions: 2), [0, 0], [0, -1000]), Divergence.Sums(rows: 1, kl: 500 - log(2), agreement: 1))
    #expect(sums(.qValues(actions: 1), [3e38], [-3e38]).value == Divergence.largest)
  }
}
