import CKernels
import Foundation
import Testing

@testable import Neural

/// Losses: bits of the naive twins on every path, and numbers worked in doubles.
@Suite struct LossKernelTests {
  static let shapes = [(1, 2), (7, 2), (8, 3), (9, 1), (128, 2), (77, 17)]

  @Test(arguments: KernelPath.available, shapes) func softmaxAndSampling(path: KernelPath, shape: (Int, Int)) {
    let (rows, width) = shape
    var numbers = Numbers(seed: 8)
    let logits = numbers.floats(rows * width, scale: 6)
    let uniforms = numbers.floats(rows).map { abs($0) * 0.999 }
    var (result, expected) = ([Float](repeating: .nan, count: rows * width), [Float](repeating: 0, count: rows * width))
    path.table.pointee.log_softmax(logits, rows, width, &result)
    ck_naive_log_softmax(logits, rows, width, &expected)
    #expect(result.bits == expected.bits)

    var (actions, expectedActions) = ([Int32](repeating: -1, count: rows), [Int32](repeating: -2, count: rows))
    var (chosen, expectedChosen) = ([Float](repeating: .nan, count: rows), [Float](repeating: 0, count: rows))
    path.table.pointee.sample(logits, rows, width, uniforms, &actions, &chosen)
    ck_naive_sample(logits, rows, width, uniforms, &expectedActions, &expectedChosen)
    #expect(actions == expectedActions)
    #expect(chosen.bits == expectedChosen.bits)
    path.table.pointee.sample(logits, rows, width, uniforms, &actions, nil)
    #expect(actions == expectedActions)
  }

  @Test(arguments: KernelPath.available, shapes) func distillation(path: KernelPath, shape: (Int, Int)) {
    let (rows, width) = shape
    var numbers = Numbers(seed: 9)
    let teacher = numbers.floats(rows * width, scale: 5)
    let student = numbers.floats(rows * width, scale: 5)
    var (result, expected) = ([Float](repeating: .nan, count: rows * width), [Float](repeating: 0, count: rows * width))
    let loss = path.table.pointee.distill(teacher, student, rows, width, 2.5, &result)
    let expectedLoss = ck_naive_distill(teacher, student, rows, width, 2.5, &expected)
    #expect(loss.bitPattern == expectedLoss.bitPattern)
    #expect(result.bits == expected.bits)
  }

  struct Batch {
    let rows: Int
    let width: Int
    let logits, values, oldLogProbabilities, advantages, returns, oldValues: [Float]
    let actions: [Int32]

    init(rows: Int, width: Int) {
      var numbers = Numbers(seed: 10)
      (self.rows, self.width) = (rows, width)
      logits = numbers.floats(rows * width, scale: 2)
      values = numbers.floats(rows, scale: 3)
      actions = (0..<rows).map { _ in Int32(numbers.integer(below: width)) }
      oldLogProbabilities = numbers.floats(rows).map { $0 - 1.2 }
      advantages = numbers.floats(rows, scale: 2)
      returns = numbers.floats(rows, scale: 3)
      oldValues = numbers.floats(rows, scale: 3)
    }
  }

  static let settings: [PolicyLoss.PPO] = [
    .init(clip: 0.2, entropyCoefficient: 0.01, valueCoefficient: 0.5, valueClipping: .none),
    .init(clip: 0.1, entropyCoefficient: 0, valueCoefficient: 0.25, valueClipping: .maximum(range: 0.3)),
    .init(clip: 0.3, entropyCoefficient: 0.1, valueCoefficient: 1, valueClipping: .clipped(range: 0.5)),
  ]

  private func run(
    _ settings: PolicyLoss.PPO, _ batch: Batch, logits: [Float], values: [Float], path: KernelPath
  ) -> (PolicyLoss.PPOStatistics, [Float], [Float]) {
    var logitGradients = [Float](repeating: .nan, count: logits.count)
    var valueGradients = [Float](repeating: .nan, count: values.count)
    let statistics = PolicyLoss.ppo(
      settings, rows: batch.rows, actionCount: batch.width, logits: logits, values: values, actions: batch.actions,
      oldLogProbabilities: batch.oldLogProbabilities, advantages: batch.advantages, returns: batch.returns,
      oldValues: batch.oldValues, logitGradients: &logitGradients, valueGradients: &valueGradients, kernels: path)
    return (statistics, logitGradients, valueGradients)
  }

  @Test(arguments: KernelPath.available, settings) func ppoEqualsTwin(path: KernelPath, settings: PolicyLoss.PPO) {
    for (rows, width) in Self.shapes {
      let batch = Batch(rows: rows, width: width)
      let (statistics, logitGradients, valueGradients) = run(
        settings, batch, logits: batch.logits, values: batch.values, path: path)
      var raw = settings.raw
      var (expectedLogits, expectedValues) = (
        logitGradients.map { _ in Float(0) }, valueGradients.map { _ in Float(0) }
      )
      let expected = ck_naive_ppo(
        &raw, rows, width, batch.logits, batch.values, batch.actions, batch.oldLogProbabilities, batch.advantages,
        batch.returns, batch.oldValues, &expectedLogits, &expectedValues)
      #expect(logitGradients.bits == expectedLogits.bits)
      #expect(valueGradients.bits == expectedValues.bits)
      #expect(
        [
          statistics.policyLoss, statistics.valueLoss, statistics.entropy, statistics.approximateKL,
          statistics.clipFraction,
        ].bits
          == [
            expected.policy_loss, expected.value_loss, expected.entropy, expected.approximate_kl,
            expected.clip_fraction,
          ].bits)
    }
  }

  /// The loss of the paper in doubles, with nothing of the kernels in it.
  private func exactLoss(_ settings: PolicyLoss.PPO, _ batch: Batch, logits: [Double], values: [Double]) -> Double {
    var loss = 0.0
    for row in 0..<batch.rows {
      let z = logits[row * batch.width..<(row + 1) * batch.width]
      let logSum = log(z.reduce(0) { $0 + exp($1) })
      let lp = z.map { $0 - logSum }
      let ratio = exp(lp[Int(batch.actions[row])] - Double(batch.oldLogProbabilities[row]))
      let (advantage, clip) = (Double(batch.advantages[row]), Double(settings.clip))
      loss -= min(advantage * ratio, advantage * min(max(ratio, 1 - clip), 1 + clip))
      loss += Double(settings.entropyCoefficient) * lp.reduce(0) { $0 + exp($1) * $1 }
      let (target, old) = (Double(batch.returns[row]), Double(batch.oldValues[row]))
      func held(_ range: Float) -> Double {
        let change = min(max(values[row] - old, -Double(range)), Double(range))
        return (old + change - target) * (old + change - target)
      }
      let plain = (values[row] - target) * (values[row] - target)
      let square =
        switch settings.valueClipping {
        case .none: plain
        case .clipped(let range): held(range)
        case .maximum(let range): max(plain, held(range))
        }
      loss += Double(settings.valueCoefficient) * square
    }
    return loss / Double(batch.rows)
  }

  @Test(arguments: settings) func ppoGradientsAreThoseOfTheLoss(settings: PolicyLoss.PPO) {
    let batch = Batch(rows: 23, width: 4)
    let (statistics, logitGradients, valueGradients) = run(
      settings, batch, logits: batch.logits, values: batch.values, path: .baseline)
    let logits = batch.logits.map(Double.init)
    let values = batch.values.map(Double.init)
    let total =
      Double(statistics.policyLoss) - Double(settings.entropyCoefficient * statistics.entropy)
      + Double(settings.valueCoefficient * statistics.valueLoss)
    #expect(abs(total - exactLoss(settings, batch, logits: logits, values: values)) < 1e-5)
    let step = 1e-6
    for index in logits.indices {
      var (up, down) = (logits, logits)
      up[index] += step
      down[index] -= step
      let slope =
        (exactLoss(settings, batch, logits: up, values: values)
          - exactLoss(settings, batch, logits: down, values: values)) / (2 * step)
      #expect(abs(slope - Double(logitGradients[index])) < 2e-6)
    }
    for index in values.indices {
      var (up, down) = (values, values)
      up[index] += step
      down[index] -= step
      let slope =
        (exactLoss(settings, batch, logits: logits, values: up)
          - exactLoss(settings, batch, logits: logits, values: down)) / (2 * step)
      #expect(abs(slope - Double(valueGradients[index])) < 2e-6)
    }
  }

  /// Teacher (3/4, 1/4) and student (1/2, 1/2) at temperature 1: KL = 3/4 ln 3/2 + 1/4 ln 1/2.
  @Test func distillationByHand() {
    var gradient = [Float](repeating: 0, count: 2)
    let loss = PolicyLoss.distillation(
      teacher: [log(Float(3)), 0], student: [7, 7], rows: 1, actionCount: 2, temperature: 1, gradient: &gradient)
    #expect(abs(loss - (0.75 * log(1.5) + 0.25 * log(Float(0.5)))) < 1e-6)
    #expect(abs(gradient[0] + 0.25) < 1e-6)
    #expect(abs(gradient[1] - 0.25) < 1e-6)
    // At temperature 2 the teacher's logits are halved: sqrt 3 to 1; the gradient is 2 (p_S - p_T).
    _ = PolicyLoss.distillation(
      teacher: [log(Float(3)), 0], student: [7, 7], rows: 1, actionCount: 2, temperature: 2, gradient: &gradient)
    let p = Float(3).squareRoot() / (1 + Float(3).squareRoot())
    #expect(abs(gradient[0] - 2 * (0.5 - p)) < 1e-6)
  }

  @Test func samplingFollowsTheCumulativeDistribution() {
    let logits = [Float](repeating: 0, count: 4) + [0, -200, 0, -200]
    var actions = [Int32](repeating: -1, count: 2)
    let cases: [(Float, Int32, Int32)] = [(0, 0, 0), (0.24, 0, 0), (0.26, 1, 0), (0.51, 2, 2), (0.76, 3, 2)]
    for (uniform, first, second) in cases {
      let uniforms = [uniform, uniform]
      VectorMath.sampleCategorical(logits, rows: 2, width: 4, uniforms: uniforms, actions: &actions)
      #expect(actions == [first, second])
    }
  }
}
