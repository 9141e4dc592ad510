import CKernels
import Foundation
import Testing

@testable import Neural

/// Actions: greedy ones, and sampled ones that a seed and a row's number decide to the bit.
@Suite struct ActionSelectorTests {
  static let wide = Head.gaussian(
    dimensions: 131, low: (0..<131).map { -0.2 - Float($0) / 100 }, high: (0..<131).map { 0.1 + Float($0) / 100 })

  private func discrete(
    _ head: Head, _ mode: ActionMode, _ outputs: [Float], firstRow: Int = 0, kernels: KernelPath = .selected
  ) -> [Int32] {
    let rows = outputs.count / head.parameterWidth
    var actions = [Int32](repeating: -1, count: rows)
    let selector = ActionSelector(head, kernels: kernels)
    #expect(selector.bytesPerRow == 4)
    selector.select(mode, outputs: outputs, rows: rows, firstRow: firstRow, into: &actions)
    return actions
  }

  private func continuous(
    _ head: Head, _ mode: ActionMode, _ outputs: [Float], firstRow: Int = 0, kernels: KernelPath = .selected
  ) -> [Float] {
    let rows = outputs.count / head.parameterWidth
    var actions = [Float](repeating: .nan, count: rows * head.parameterWidth / 2)
    let selector = ActionSelector(head, kernels: kernels)
    #expect(selector.bytesPerRow * rows == actions.count * 4)
    selector.select(mode, outputs: outputs, rows: rows, firstRow: firstRow, into: &actions)
    return actions
  }

  /// Outputs of a Gaussian head: means and log standard deviations around 0.
  private func gaussianOutputs(rows: Int, dimensions: Int) -> [Float] {
    var numbers = Numbers(seed: 31)
    return numbers.floats(rows * 2 * dimensions, scale: 1)
  }

  // MARK: - Greedy

  @Test(arguments: [Head.categorical(actions: 4), .qValues(actions: 4)])
  func theFirstOfTheLargestIsGreedy(head: Head) {
    let outputs: [Float] = [1, 3, 3, 2, -5, -5, -5, -5, 0, -0.0, 0, 0, -3, -2, -1, 7, -.infinity, -9, -.infinity, -9]
    #expect(discrete(head, .greedy, outputs) == [1, 0, 0, 3, 1])
  }

  @Test(arguments: KernelPath.available) func aGreedyGaussianIsItsMeanWithinTheRange(path: KernelPath) {
    let head = Head.gaussian(dimensions: 3, low: [-1, -2, 0], high: [1, 2, 0.5])
    // Standard deviations of e^5 have no part in it.
    let outputs: [Float] = [0.25, -7, 0.75, 5, 5, 5, 1.5, 1.5, -0.5, 5, 5, 5]
    #expect(continuous(head, .greedy, outputs, kernels: path) == [0.25, -2, 0.5, 1, 1.5, 0])
  }

  // MARK: - Sampled, to the bit

  @Test(arguments: KernelPath.available, [1, 2, 17]) func drawnActionsAreAsDefined(path: KernelPath, width: Int) {
    let rows = 150
    var numbers = Numbers(seed: 32)
    let logits = numbers.floats(rows * width, scale: 3)
    let generator = Philox4x32(seed: 77)
    let uniforms = (0..<rows).map { Float(generator.words(row: $0, block: 0).0 >> 8) / 16_777_216 }
    var expected = [Int32](repeating: -1, count: rows)
    var probabilities = [Float](repeating: 0, count: rows)
    ck_naive_sample(logits, rows, width, uniforms, &expected, &probabilities)
    #expect(discrete(.categorical(actions: width), .sampled(seed: 77), logits, kernels: path) == expected)
  }

  @Test(arguments: KernelPath.available, [1, 5, 64, 131]) func drawnNormalsAreAsDefined(path: KernelPath, width: Int) {
    let rows = 9
    let outputs = gaussianOutputs(rows: rows, dimensions: width)
    let (low, high) = ([Float](repeating: -1, count: width), [Float](repeating: 1.25, count: width))
    let generator = Philox4x32(seed: 78)
    var expected: [Float] = []
    for row in 0..<rows {
      for d in 0..<width {
        let block = generator.words(row: row, block: d / 4)
        let word = [block.0, block.1, block.2, block.3][d % 4]
        let mean = outputs[row * 2 * width + d]
        let deviation = ck_naive_exp(outputs[row * 2 * width + width + d])
        expected.append(min(max(fma(deviation, ck_naive_normal(word), mean), -1), 1.25))
      }
    }
    let head = Head.gaussian(dimensions: width, low: low, high: high)
    #expect(sameBits(continuous(head, .sampled(seed: 78), outputs, kernels: path), expected))
  }

  /// One number for all paths, all processors: recorded seeds give other actions when it changes.
  @Test(arguments: KernelPath.available) func actionHash(path: KernelPath) {
    var numbers = Numbers(seed: 33)
    var hash = Hash()
    let logits = numbers.floats(1000 * 6, scale: 4)
    hash.add(discrete(.categorical(actions: 6), .sampled(seed: 1 << 40 | 5), logits, kernels: path).map(Float.init))
    let outputs = gaussianOutputs(rows: 200, dimensions: 131)
    hash.add(continuous(Self.wide, .sampled(seed: 1 << 63), outputs, kernels: path))
    #expect(hash.value == 649_974_281_043_888_566)
  }

  @Test(arguments: KernelPath.available) func aCallMayBeAnsweredInPieces(path: KernelPath) {
    let rows = 200
    var numbers = Numbers(seed: 34)
    let head = Head.categorical(actions: 5)
    let logits = numbers.floats(rows * 5, scale: 2)
    let outputs = gaussianOutputs(rows: rows, dimensions: 131)
    let mode = ActionMode.sampled(seed: 9)
    let whole = discrete(head, mode, logits, kernels: path)
    let wholeContinuous = continuous(Self.wide, mode, outputs, kernels: path)
    for cut in [0, 1, 7, 63, 64, 65, 199, 200] {
      let pieces =
        discrete(head, mode, Array(logits[..<(cut * 5)]), kernels: path)
        + discrete(head, mode, Array(logits[(cut * 5)...]), firstRow: cut, kernels: path)
      #expect(pieces == whole, "cut at \(cut)")
      let continuousPieces =
        continuous(Self.wide, mode, Array(outputs[..<(cut * 262)]), kernels: path)
        + continuous(Self.wide, mode, Array(outputs[(cut * 262)...]), firstRow: cut, kernels: path)
      #expect(sameBits(continuousPieces, wholeContinuous), "cut at \(cut)")
    }
  }

  @Test func qValuesAreNotSampled() {
    let outputs: [Float] = [1, 1.001, 0.5, 0.2, 0.1, 0.3]
    for seed: UInt64 in 0..<50 { #expect(discrete(.qValues(actions: 3), .sampled(seed: seed), outputs) == [1, 2]) }
  }

  @Test func seedsAndRowsDifferInTheirDraws() {
    let head = Head.categorical(actions: 1000)
    let logits = [Float](repeating: 0, count: 1000)
    func drawn(seed: UInt64, row: Int) -> Int32 { discrete(head, .sampled(seed: seed), logits, firstRow: row)[0] }
    // High halves too: of 300 draws among 1000 equals about 259 are distinct.
    let seeds = Set((0..<300).map { drawn(seed: $0.isMultiple(of: 2) ? UInt64($0) : UInt64($0) << 32, row: 0) })
    let rows = Set((0..<300).map { drawn(seed: 0, row: $0.isMultiple(of: 2) ? $0 : $0 << 32) })
    #expect(seeds.count > 220)
    #expect(rows.count > 220)
  }

  // MARK: - Sampled, by their distribution

  private static let draws = 100_000

  @Test func frequenciesAreThoseOfSoftmax() {
    let logits: [Float] = [0.5, -1, 2, 0, -4, 1]
    let exponentials = logits.map { exp(Double($0)) }
    let total = exponentials.reduce(0, +)
    let outputs = [Float]((0..<Self.draws).flatMap { _ in logits })
    var counts = [Double](repeating: 0, count: logits.count)
    for action in discrete(.categorical(actions: 6), .sampled(seed: 2_024), outputs) { counts[Int(action)] += 1 }
    for (count, exponential) in zip(counts, exponentials) {
      let p = exponential / total
      let n = Double(Self.draws)
      #expect(abs(count - n * p) <= 4 * (n * p * (1 - p)).squareRoot())
    }
  }

  @Test func momentsAreThoseOfTheGaussian() {
    let bounds = [Float](repeating: 1000, count: 2)
    let head = Head.gaussian(dimensions: 2, low: bounds.map { -$0 }, high: bounds)
    let (means, logDeviations): ([Float], [Float]) = ([3, -1], [0.5, -2])
    let outputs = [Float]((0..<Self.draws).flatMap { _ in means + logDeviations })
    let actions = continuous(head, .sampled(seed: 7), outputs)
    let n = Double(Self.draws)
    // Standardised by what they should be: mean 0, variance 1, skewness 0, kurtosis 3, each within four of its own
    // standard deviations.
    let z = (0..<2).map { d in
      (0..<Self.draws).map { (Double(actions[2 * $0 + d]) - Double(means[d])) / exp(Double(logDeviations[d])) }
    }
    func moment(_ z: [Double], _ power: Int) -> Double { z.reduce(0) { $0 + pow($1, Double(power)) } / n }
    for z in z {
      #expect(abs(moment(z, 1)) < 4 * (1 / n).squareRoot())
      #expect(abs(moment(z, 2) - 1) < 4 * (2 / n).squareRoot())
      #expect(abs(moment(z, 3)) < 4 * (15 / n).squareRoot())
      #expect(abs(moment(z, 4) - 3) < 4 * (96 / n).squareRoot())
    }
    // Neither dimensions nor neighbouring rows know of each other.
    #expect(abs(zip(z[0], z[1]).reduce(0) { $0 + $1.0 * $1.1 }) < 4 * n.squareRoot())
    #expect(abs(zip(z[0], z[0].dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }) < 4 * n.squareRoot())
  }

  @Test func drawsStayWithinTheRange() {
    let head = Head.gaussian(dimensions: 1, low: [-1], high: [2])
    let outputs = [Float]((0..<4000).flatMap { _ in [Float(0), 1] })
    let actions = continuous(head, .sampled(seed: 3), outputs)
    #expect(actions.min() == -1)
    #expect(actions.max() == 2)
    // The clipped ones alone lie on the bounds: Phi(-1/e) = 0.356, 1 - Phi(2/e) = 0.231.
    #expect(abs(actions.filter { $0 == -1 }.count - 1426) < 130)
    #expect(abs(actions.filter { $0 == 2 }.count - 924) < 110)
  }

  // MARK: - The standard normal

  @Test(arguments: KernelPath.available) func normalsEqualTheirTwin(path: KernelPath) {
    let words = Self.words
    let zeros = [Float](repeating: 0, count: words.count)
    let (low, high) = (zeros.map { _ in -Float.infinity }, zeros.map { _ in Float.infinity })
    var result = zeros
    path.table.pointee.gaussian(zeros, zeros, words, low, high, words.count, &result)
    #expect(sameBits(result, words.map(ck_naive_normal)))
    for count in 0..<20 {
      var (result, expected) = ([Float](repeating: -7, count: 20), [Float](repeating: -7, count: 20))
      let means = Array(Self.wordFloats.prefix(20))
      path.table.pointee.gaussian(means, means, words, zeros, high, count, &result)
      ck_naive_gaussian(means, means, words, zeros, high, count, &expected)
      #expect(result.bits == expected.bits, "\(count) numbers")
    }
  }

  /// Against the distribution function of the C library, in doubles: a step of Newton's method from a result lands on
  /// the exact one.
  @Test func normalsAreWithinTheStatedError() {
    var worst = 0.0
    for word in Self.words {
      let z = Double(ck_naive_normal(word))
      let lower = word < 0x8000_0000
      let tail = (Double(lower ? word : ~word) + 0.5) * 0x1p-32
      let x = abs(z)
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      // Near the middle by what lies between, in the tails by what lies beyond: no digits cancel.
      let step =
        tail > 0.25
        ? (erf(x / 2.0.squareRoot()) / 2 - (0.5 - tail)) / density
        : (tail - erfc(x / 2.0.squareRoot()) / 2) / density
      worst = max(worst, abs(step) / (x - step))
      #expect((z < 0) == lower)
    }
    #expect(worst <= ActionSelector.normalErrorMax)
  }

  @Test func normalsAreSymmetric() {
    #expect(sameBits(Self.words.map { ck_naive_normal(~$0) }, Self.words.map { -ck_naive_normal($0) }))
  }

  /// Words of every size, and where the branches meet.
  static let words: [UInt32] =
    [0, 1, 2, .max, 0x7fff_ffff, 0x8000_0000] + (0..<2000).map { $0 } + (0..<2000).map { 0x7fff_ffff - $0 }
    + stride(from: UInt32(0), to: .max - 70_000, by: 69_997).map { $0 }
    + (0..<2000).map { UInt32(0.075 * 0x1p32) - 1000 + $0 }
  private static let wordFloats: [Float] = words.map { Float($0) * 0x1p-32 }

  // MARK: - NaN

  @Test(arguments: KernelPath.available) func nanChoosesNothingOutOfRange(path: KernelPath) {
    var numbers = Numbers(seed: 35)
    for width in [1, 2, 3, 8, 17] {
      for nans in 1...width {
        var logits = numbers.floats(50 * width, scale: 3)
        for row in 0..<50 {
          for index in 0..<nans { logits[row * width + (row + index) % width] = index % 2 == 0 ? .nan : .infinity }
        }
        for head in [Head.categorical(actions: width), .qValues(actions: width)] {
          for mode in [ActionMode.greedy, .sampled(seed: 4)] {
            let actions = discrete(head, mode, logits, kernels: path)
            #expect(actions.allSatisfy { $0 >= 0 && $0 < width })
            #expect(actions == discrete(head, mode, logits, kernels: .baseline))
          }
        }
      }
    }
  }

  @Test(arguments: KernelPath.available) func aMeanThatIsNaNStaysNaN(path: KernelPath) {
    let head = Head.gaussian(dimensions: 2, low: [-1, -1], high: [1, 1])
    for mode in [ActionMode.greedy, .sampled(seed: 4)] {
      let actions = continuous(head, mode, [.nan, 0.5, -20, -20, .infinity, -.infinity, 0, 0], kernels: path)
      #expect(actions[0].isNaN)
      #expect(abs(actions[1] - 0.5) < 1e-6)
      #expect(actions[2...] == [1, -1])
    }
  }
}
