import Testing

@testable import Neural

/// PyTorch's rule, by hand: m and v after t equal gradients g are g (1 - b^t), so the corrected step is g / (|g| + eps).
@Suite struct AdamTests {
  private func step(_ adam: inout Adam, _ p: inout [Float], _ g: [Float], maxNorm: Float? = nil) -> Float {
    var g = g
    return p.withUnsafeMutableBufferPointer { p in
      g.withUnsafeMutableBufferPointer { g in adam.step(parameters: p, gradients: g, maxNorm: maxNorm) }
    }
  }

  @Test func theFirstStepHasTheLengthOfTheRate() {
    var adam = Adam(count: 3, learningRate: 0.1)
    var p: [Float] = [1, 1, 1]
    let norm = step(&adam, &p, [2, -0.5, 0])
    #expect(abs(norm - Float(4.25).squareRoot()) < 1e-6)
    #expect(abs(p[0] - (1 - 0.1 * 2 / (2 + 1e-5))) < 1e-6)
    #expect(abs(p[1] - (1 + 0.1 * 0.5 / (0.5 + 1e-5))) < 1e-6)
    #expect(p[2] == 1)
  }

  /// Gradients 1, then 3 with betas 1/2 and 3/4: m = 1/2, then 7/4; v = 1/4, then 39/16;
  /// corrections 1/2 and 1/4, then 3/4 and 7/16: steps 1, then (7/3) / sqrt(39/7).
  @Test func twoStepsByHand() {
    var adam = Adam(count: 1, learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 0)
    var p: [Float] = [0]
    _ = step(&adam, &p, [1])
    #expect(abs(p[0] + 0.5) < 1e-6)
    _ = step(&adam, &p, [3])
    let second = 0.5 * (7.0 / 3) / (39.0 / 7).squareRoot()
    #expect(abs(Double(p[0]) + 0.5 + second) < 1e-6)
    #expect(adam.steps == 2)
  }

  @Test func epsilonIsAddedToTheCorrectedRoot() {
    var adam = Adam(count: 1, learningRate: 1, epsilon: 1)
    var p: [Float] = [0]
    _ = step(&adam, &p, [1])
    #expect(abs(p[0] + 0.5) < 1e-6)
  }

  /// A gradient of norm 5 clipped to 1 is a fifth of itself; the norm returned is that before.
  @Test func theGradientsNormIsClipped() {
    var clipped = Adam(count: 2, learningRate: 1, epsilon: 1)
    var plain = clipped.copy()
    var (p, q): ([Float], [Float]) = ([0, 0], [0, 0])
    #expect(step(&clipped, &p, [3, 4], maxNorm: 1) == 5)
    _ = step(&plain, &q, [0.6, 0.8])
    #expect(zip(p, q).allSatisfy { abs($0 - $1) < 1e-6 })
    var small = plain.copy()
    var r: [Float] = [0, 0]
    _ = step(&small, &r, [0.3, 0.4], maxNorm: 1)
    #expect(abs(r[0] + 0.3 / 1.3) < 1e-6)
  }
}

extension Adam {
  /// Another optimizer of the same settings.
  func copy() -> Adam { Adam(count: 2, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon) }
}
