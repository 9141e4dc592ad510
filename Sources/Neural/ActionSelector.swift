internal import CKernels

/// How actions follow from a policy's outputs.
public enum ActionMode: Hashable, Sendable {
  /// The most probable: the largest logit or Q value, the first of equals; a Gaussian's mean.
  case greedy
  /// Drawn from the policy's distribution. Each row of a call draws by the seed and its own number alone, so the same
  /// seed gives the same actions whatever else is computed, on every machine. Q values are no distribution: their
  /// action is the greedy one.
  case sampled(seed: UInt64)
}

/// Chooses actions from the outputs of a head.
///
/// Sampling is defined to the bit, for clients that want to check it. Row r of a call with seed s has the words of
/// Philox4x32-10 with s as its key and (block, 0, r's low half, r's high half) as counter, four a block:
/// - categorical: the number of actions whose cumulative softmax is at most u, where u is the upper 24 bits of word 0
///   over 2^24 (`VectorMath.sampleCategorical`);
/// - Gaussian: mean + e^(log standard deviation) z, clipped, where dimension d's z is the standard normal whose
///   cumulative probability is (word d + 1/2) / 2^32, within `normalErrorMax`.
///
/// A row that holds NaN gets some action in range, sampled or greedy, from a discrete head; from a Gaussian one, NaN
/// where the mean is NaN.
public struct ActionSelector: Sendable {
  /// The largest relative error of a sampled standard normal; found by trying every word.
  public static let normalErrorMax = 4e-7

  /// Bytes that one row of actions takes: an Int32, or fp32 a dimension.
  public let bytesPerRow: Int

  private enum Kind: Sendable {
    case categorical, qValues
    case gaussian(low: [Float], high: [Float])
  }
  private let kind: Kind
  private let parameterWidth: Int
  private let kernels: KernelPath
  // Static memory of the kernels' own, never written.
  nonisolated(unsafe) private let table: UnsafePointer<ck_kernels>

  public init(_ head: Head, kernels: KernelPath = .selected) {
    switch head {
    case .categorical:
      kind = .categorical
      bytesPerRow = MemoryLayout<Int32>.size
    case .qValues:
      kind = .qValues
      bytesPerRow = MemoryLayout<Int32>.size
    case .gaussian(let dimensions, let low, let high):
      precondition(
        low.count == dimensions && high.count == dimensions,
        "bounds of \(low.count) and \(high.count) numbers for a Gaussian head; expected \(dimensions) each")
      kind = .gaussian(low: low, high: high)
      bytesPerRow = dimensions * MemoryLayout<Float>.size
    }
    parameterWidth = head.parameterWidth
    self.kernels = kernels
    table = kernels.table
  }

  /// Chooses an action for each row. Allocates nothing.
  ///
  /// - Parameters:
  ///   - outputs: [rows][head.parameterWidth], as `InferencePolicy.forward` writes them.
  ///   - firstRow: the number of the first of these rows in its call, where a call is answered in pieces.
  ///   - actions: `bytesPerRow` a row, four-byte aligned, written: Int32 indices (categorical, Q values), or fp32
  ///     [rows][dimensions].
  public func select(
    _ mode: ActionMode, outputs: UnsafePointer<Float>, rows: Int, firstRow: Int = 0,
    into actions: UnsafeMutableRawPointer
  ) {
    switch (kind, mode) {
    case (.gaussian(let low, let high), _):
      actions.withMemoryRebound(to: Float.self, capacity: rows * low.count) { actions in
        low.withUnsafeBufferPointer { low in
          high.withUnsafeBufferPointer { high in
            guard let low = low.baseAddress, let high = high.baseAddress else { return }
            gaussian(mode, outputs, rows: rows, firstRow: firstRow, low: low, high: high, into: actions)
          }
        }
      }
    case (.categorical, .sampled(let seed)):
      actions.withMemoryRebound(to: Int32.self, capacity: rows) {
        categorical(seed, outputs, rows: rows, firstRow: firstRow, into: $0)
      }
    case (.categorical, .greedy), (.qValues, _):
      actions.withMemoryRebound(to: Int32.self, capacity: rows) {
        VectorMath.argmax(outputs, rows: rows, width: parameterWidth, actions: $0)
      }
    }
  }

  /// Rows, or dimensions of a row, whose random numbers are on the stack at once: a multiple of a block's four words,
  /// and no more than the kilobyte up to which temporary memory is the stack's.
  private static let drawnAtOnce = 64

  private func categorical(
    _ seed: UInt64, _ logits: UnsafePointer<Float>, rows: Int, firstRow: Int, into actions: UnsafeMutablePointer<Int32>
  ) {
    let generator = Philox4x32(seed: seed)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.drawnAtOnce) { uniforms in
      guard let drawn = uniforms.baseAddress else { return }
      for row in stride(from: 0, to: rows, by: Self.drawnAtOnce) {
        let count = min(Self.drawnAtOnce, rows - row)
        for offset in 0..<count {
          let words = generator.words(row: firstRow + row + offset, block: 0)
          (drawn + offset).initialize(to: Float(words.0 >> 8) * 0x1p-24)
        }
        VectorMath.sampleCategorical(
          logits + row * parameterWidth, rows: count, width: parameterWidth, uniforms: drawn, actions: actions + row,
          kernels: kernels)
      }
    }
  }

  private func gaussian(
    _ mode: ActionMode, _ outputs: UnsafePointer<Float>, rows: Int, firstRow: Int, low: UnsafePointer<Float>,
    high: UnsafePointer<Float>, into actions: UnsafeMutablePointer<Float>
  ) {
    let dimensions = parameterWidth / 2
    guard case .sampled(let seed) = mode else {
      for row in 0..<rows {
        table.pointee.gaussian(
          outputs + row * parameterWidth, nil, nil, low, high, dimensions, actions + row * dimensions)
      }
      return
    }
    let generator = Philox4x32(seed: seed)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.drawnAtOnce) { words in
      guard let drawn = words.baseAddress else { return }
      for row in 0..<rows {
        let means = outputs + row * parameterWidth
        for first in stride(from: 0, to: dimensions, by: Self.drawnAtOnce) {
          let count = min(Self.drawnAtOnce, dimensions - first)
          for start in stride(from: 0, to: count, by: 4) {
            let block = generator.words(row: firstRow + row, block: (first + start) / 4)
            (drawn + start).initialize(to: block.0)
            (drawn + start + 1).initialize(to: block.1)
            (drawn + start + 2).initialize(to: block.2)
            (drawn + start + 3).initialize(to: block.3)
          }
          table.pointee.gaussian(
            means + first, means + dimensions + first, drawn, low + first, high + first, count,
            actions + row * dimensions + first)
        }
      }
    }
  }
}
