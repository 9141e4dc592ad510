import CKernels
import Testing

@testable import Neural

/// The optimizer's, normalizer's and advantage kernels give the bits of their naive twins on every path.
@Suite struct FunctionKernelTests {
  static let counts = [1, 2, 7, 8, 9, 31, 32, 33, 100, 1000]

  @Test(arguments: KernelPath.available, counts) func adam(path: KernelPath, count: Int) {
    var numbers = Numbers(seed: 4)
    var settings = ck_adam_settings(
      learning_rate: 3e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-5, second_scale: 3, gradient_scale: 0.7)
    let gradients = numbers.floats(count)
    let start = (numbers.floats(count), numbers.floats(count), numbers.floats(count).map(abs))
    var (p, m, v) = start
    var (expectedP, expectedM, expectedV) = start
    for _ in 0..<3 {
      path.table.pointee.adam(&settings, &p, gradients, &m, &v, count)
      ck_naive_adam(&settings, &expectedP, gradients, &expectedM, &expectedV, count)
    }
    #expect(p.bits == expectedP.bits)
    #expect(m.bits == expectedM.bits)
    #expect(v.bits == expectedV.bits)
  }

  @Test(arguments: KernelPath.available, counts) func sumsAndStandardization(path: KernelPath, count: Int) {
    var numbers = Numbers(seed: 5)
    let x = numbers.floats(count, scale: 3)
    #expect(
      path.table.pointee.sum_of_squares(x, count).bitPattern == ck_naive_sum_of_squares(x, count).bitPattern)
    var result = x
    var expected = x
    path.table.pointee.standardize(&result, count, 1e-8)
    ck_naive_standardize(&expected, count, 1e-8)
    #expect(result.bits == expected.bits)
  }

  @Test(arguments: KernelPath.available, 1...18) func normalize(path: KernelPath, width: Int) {
    var numbers = Numbers(seed: 6)
    let stride = roundUp(width, to: 8)
    let x = numbers.floats(5 * width, scale: 4)
    let mean = numbers.floats(width)
    let scale = numbers.floats(width, scale: 3)
    var result = [Float](repeating: .nan, count: 5 * stride)
    var expected = result
    path.table.pointee.normalize(x, 5, width, mean, scale, 2, &result, stride)
    ck_naive_normalize(x, 5, width, mean, scale, 2, &expected, stride)
    #expect(result.bits == expected.bits)
    path.table.pointee.normalize(x, 5, width, nil, nil, 0, &result, stride)
    ck_naive_normalize(x, 5, width, nil, nil, 0, &expected, stride)
    #expect(result.bits == expected.bits)
  }

  @Test(arguments: KernelPath.available, [1, 3, 8, 20]) func generalizedAdvantages(path: KernelPath, width: Int) {
    var numbers = Numbers(seed: 7)
    let count = 12 * width
    let rewards = numbers.floats(count)
    let values = numbers.floats(count)
    let last = numbers.floats(width)
    let ended = (0..<count).map { _ in UInt8(numbers.integer(below: 4) == 0 ? 1 : 0) }
    var (advantages, returns) = ([Float](repeating: .nan, count: count), [Float](repeating: .nan, count: count))
    var (expectedAdvantages, expectedReturns) = (advantages, returns)
    path.table.pointee.gae(12, width, rewards, values, ended, last, 0.99, 0.95, &advantages, &returns)
    ck_naive_gae(12, width, rewards, values, ended, last, 0.99, 0.95, &expectedAdvantages, &expectedReturns)
    #expect(advantages.bits == expectedAdvantages.bits)
    #expect(returns.bits == expectedReturns.bits)
  }

  /// Two environments, three steps, gamma 1/2 and lambda 1/2; the second's first episode ends with its second step.
  @Test func advantagesByHand() {
    let rewards: [Float] = [1, 1, 2, 2, 4, 4]
    let values: [Float] = [0, 0, 2, 2, 4, 4]
    var advantages = [Float](repeating: 0, count: 6)
    var returns = advantages
    VectorMath.generalizedAdvantages(
      steps: 3, environments: 2, rewards: rewards, values: values, ended: [0, 0, 0, 1, 0, 0], lastValues: [8, 8],
      gamma: 0.5, lambda: 0.5, advantages: &advantages, returns: &returns)
    // delta 2: 4 + 4 - 4 = 4. delta 1: 2 + 2 - 2 = 2; ended: 2 - 2 = 0. delta 0: 1 + 1 - 0 = 2.
    // Advantages: 4; 2 + 4 / 4, and 0 where it ended; 2 + 3 / 4, and 2 + 0 / 4.
    #expect(advantages == [2.75, 2, 3, 0, 4, 4])
    #expect(returns == [2.75, 2, 5, 2, 8, 8])
  }

  @Test func gatherTakesRows() {
    let x: [Float] = [0, 1, 10, 11, 20, 21]
    var out = [Float](repeating: 0, count: 6)
    VectorMath.gather(x, width: 2, indices: [2, 0, 2], rows: 3, out: &out)
    #expect(out == [20, 21, 0, 1, 20, 21])
    VectorMath.gather(x, width: 1, indices: [5, 1], rows: 2, out: &out)
    #expect(out[..<2] == [21, 1])
  }

  @Test func argmaxTakesTheFirstOfEquals() {
    var actions = [Int32](repeating: -1, count: 3)
    VectorMath.argmax([1, 3, 3, 5, 2, 1, 0, 0, 0], rows: 3, width: 3, actions: &actions)
    #expect(actions == [1, 0, 0])
  }
}
