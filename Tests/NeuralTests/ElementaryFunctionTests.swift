import CKernels
import Foundation
import Testing

@testable import Neural

/// tanh, exp and log: the same bits as their twins, and within the errors that VectorMath states.
@Suite struct ElementaryFunctionTests {
  /// Floats of every magnitude and both signs, and the places where something changes.
  static let inputs: [Float] = {
    var values: [Float] = [
      0, -0.0, 1, -1, 9, -9, 9.001, 88.72283, 88.7229, -87.33654, -87.33655, 89, -200, 0.7071067, 0.7071068, 1.4142135,
      .leastNormalMagnitude, .leastNonzeroMagnitude, 0x1p-140, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .infinity, -.infinity,
    ]
    var bits: UInt32 = 0
    while bits < 0xff7f_0000 {
      let value = Float(bitPattern: bits)
      if value.isFinite { values.append(value) }
      bits += 40_009
    }
    return values + (0...4000).map { (Float($0) - 2000) / 200 }
  }()

  private func apply(
    _ kernel: (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void, _ x: [Float]
  ) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    kernel(x, &y, x.count)
    return y
  }

  @Test(arguments: KernelPath.available) func kernelsEqualTwins(path: KernelPath) {
    // NaN's sign and payload are the processor's own; that it is NaN is ours.
    func same(_ a: [Float], _ b: [Float]) -> Bool {
      zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
    }
    let table = path.table.pointee
    #expect(same(apply(table.tanh, Self.inputs), Self.inputs.map(ck_naive_tanh)))
    #expect(same(apply(table.exp, Self.inputs), Self.inputs.map(ck_naive_exp)))
    #expect(same(apply(table.log, Self.inputs), Self.inputs.map(ck_naive_log)))
  }

  @Test(arguments: KernelPath.available, 0..<40) func anyLengthGivesTheSame(path: KernelPath, count: Int) {
    let x = Array(Self.inputs.suffix(count))
    #expect(apply(path.table.pointee.tanh, x).bits == x.map(ck_naive_tanh).bits)
    #expect(apply(path.table.pointee.exp, x).bits == x.map(ck_naive_exp).bits)
  }

  /// |result - exact| in units of the spacing of floats at the exact result.
  private func error(_ result: Float, _ exact: Double) -> Double {
    let spacing = max(Double(Float(exact).ulp), Double(Float.leastNormalMagnitude.ulp))
    return abs(Double(result) - exact) / spacing
  }

  /// The largest error of a function over the inputs that a condition leaves.
  private func largestError(
    of function: (Float) -> Float, exact: (Double) -> Double, where condition: (Float) -> Bool
  ) -> Double {
    Self.inputs.filter(condition).map { error(function($0), exact(Double($0))) }.max() ?? .infinity
  }

  @Test func errorsAreWithinTheStatedBounds() {
    let tanhError = largestError(of: ck_naive_tanh, exact: Foundation.tanh) { $0.isFinite }
    #expect(tanhError <= VectorMath.tanhErrorMax)
    let expError = largestError(of: ck_naive_exp, exact: Foundation.exp) { $0 > -87.3 && $0 < 88.7 }
    #expect(expError <= VectorMath.expErrorMax)
    let logError = largestError(of: ck_naive_log, exact: Foundation.log) { $0 > 0 && $0.isFinite }
    #expect(logError <= VectorMath.logErrorMax)
    let largest = Self.inputs.map { abs(ck_naive_tanh($0)) }.max()
    #expect(largest == 1)
  }

  @Test func edgesAreDefined() {
    #expect(ck_naive_exp(-88) == 0)
    #expect(ck_naive_exp(89) == .infinity)
    #expect(ck_naive_exp(0) == 1)
    #expect(ck_naive_log(0) == -.infinity)
    #expect(ck_naive_log(1) == 0)
    #expect(ck_naive_log(-1).isNaN)
    #expect(ck_naive_tanh(20) == 1)
    #expect(ck_naive_tanh(-20) == -1)
  }
}
