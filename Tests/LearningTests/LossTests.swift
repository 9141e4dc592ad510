import Foundation
import Neural
import Testing

/// The losses that the algorithms minimise, against numbers worked by hand.
@Suite("Losses worked by hand") struct LossTests {
  @Test("distillation: tau^2 KL of the softened distributions, gradient tau (p_S - p_T) / rows")
  func distillation() {
    // Row 0: the teacher has 1/4, 3/4 at tau 2; the student 1/2, 1/2. Row 1: both agree.
    let teacher: [Float] = [0, 2 * Float(log(3.0)), 1, 1]
    let student: [Float] = [5, 5, -3, -3]
    var gradient: [Float] = [9, 9, 9, 9]
    let loss = PolicyLoss.distillation(
      teacher: teacher, student: student, rows: 2, actionCount: 2, temperature: 2, gradient: &gradient)
    let divergence = 0.25 * log(0.5) + 0.75 * log(1.5)
    #expect(abs(Double(loss) - 4 * divergence / 2) < 1e-6)
    for (ours, worked) in zip(gradient, [0.25, -0.25, 0, 0] as [Float]) { #expect(abs(ours - worked) < 1e-6) }
  }

  @Test("PPO: the smaller of the plain and the clipped surrogate, squared value error, entropy")
  func ppo() {
    // Both rows: p = 1/2 each, action 1, ratio 1/2 : 1/4 = 2, beyond a clip of 0.2.
    let old = [Float(log(0.25)), Float(log(0.25))]
    var logitGradients: [Float] = [9, 9, 9, 9]
    var valueGradients: [Float] = [9, 9]
    let statistics = PolicyLoss.ppo(
      PolicyLoss.PPO(clip: 0.2, entropyCoefficient: 0, valueCoefficient: 0.5), rows: 2, actionCount: 2,
      logits: [1, 1, 1, 1], values: [3, 0], actions: [1, 1], oldLogProbabilities: old, advantages: [1, -1],
      returns: [1, 0], oldValues: nil, logitGradients: &logitGradients, valueGradients: &valueGradients)
    // Advantage 1: min(2, 1.2) = 1.2 with no gradient. Advantage -1: min(-2, -1.2) = -2, gradient 2 (1[a] - p) / 2.
    #expect(abs(statistics.policyLoss - 0.4) < 1e-6)
    #expect(abs(statistics.valueLoss - 2) < 1e-6)
    #expect(abs(statistics.entropy - Float(log(2.0))) < 1e-6)
    #expect(statistics.clipFraction == 1)
    for (ours, worked) in zip(logitGradients, [0, 0, -0.5, 0.5] as [Float]) { #expect(abs(ours - worked) < 1e-6) }
    #expect(valueGradients == [1, 0])
  }
}
