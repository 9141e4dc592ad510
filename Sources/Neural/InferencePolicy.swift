internal import CKernels

/// Scratch memory of one thread for `InferencePolicy.forward`: it grows to what the networks it meets need, and never
/// shrinks. Not to be shared between threads.
public final class Workspace {
  private var buffer = AlignedBuffer(count: 1 << 12)

  public init() {}

  func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    if buffer.floats.count < count { buffer = AlignedBuffer(count: count) }
    return buffer.pointer
  }
}

/// A policy made ready for serving: its weights packed for the kernels, one immutable copy that all threads share.
///
/// A row's outputs are bitwise the same in any batch, on any kernel path and on any thread, and the same that
/// `TrainableNetwork` computes from these parameters.
public final class InferencePolicy: Sendable {
  public let policy: Policy
  public let kernels: KernelPath
  /// Multiplications and additions that one row takes.
  public let flopsPerRow: Int
  /// The layers whose activations `features` gives: the policy's trunk from the input on, then the value's.
  public let hiddenLayers: [HiddenLayer]

  /// Bytes of its numbers: the policy's own, and those that are packed for the kernels.
  public var bytes: Int { MemoryLayout<Float>.stride * (policy.parameters.count + plan.count) }

  let plan: NetworkPlan
  // Written by init alone, read by everybody afterwards; freed with the object.
  nonisolated(unsafe) private let weights: AlignedBuffer
  nonisolated(unsafe) private let table: UnsafePointer<ck_kernels>
  private let normalizer: (mean: [Float], scale: [Float])?

  /// Rows that pass through all layers together, so that their activations stay in the cache.
  let rowsAtOnce: Int

  public init(_ policy: Policy, kernels: KernelPath = .selected) {
    self.policy = policy
    self.kernels = kernels
    plan = NetworkPlan(policy.architecture)
    table = kernels.table
    weights = AlignedBuffer(count: plan.count)
    plan.pack(policy.parameters, into: weights.pointer)
    normalizer = plan.normalizerScales
    hiddenLayers = plan.hiddenLayers
    flopsPerRow = policy.architecture.trunks.reduce(0) { sum, trunk in
      sum + trunk.layers.reduce(0) { $0 + 2 * $1.inputs * $1.outputs }
    }
    rowsAtOnce = 96
  }

  /// Runs the network over a batch.
  ///
  /// - Parameters:
  ///   - observations: [rows][observationWidth], raw: the normalizer is applied here. Finite numbers.
  ///   - outputs: [rows][head.parameterWidth], written.
  ///   - values: [rows], written; zeros where the policy has no value.
  ///   - workspace: the calling thread's own.
  public func forward(
    _ observations: UnsafePointer<Float>, rows: Int, outputs: UnsafeMutablePointer<Float>,
    values: UnsafeMutablePointer<Float>, workspace: Workspace
  ) {
    let outputWidth = policy.architecture.head.parameterWidth
    let activations = plan.trunks.reduce(0) { max($0, $1.activationWidth) }
    let input = workspace.floats(min(rows, rowsAtOnce) * (plan.inputStride + activations))
    let kernels = table.pointee
    var row = 0
    while row < rows {
      let count = min(rowsAtOnce, rows - row)
      prepare(observations + row * policy.architecture.observationWidth, rows: count, into: input)
      for (index, trunk) in plan.trunks.enumerated() {
        let x = run(trunk, depth: trunk.hidden.count, rows: count, input: input)
        for (position, var layer) in trunk.heads.enumerated() {
          let isPolicy = index == 0 && position == 0
          let to = isPolicy ? outputs + row * outputWidth : values + row
          kernels.forward(&layer, weights.pointer, x.pointer, x.stride, count, to, isPolicy ? outputWidth : 1)
        }
      }
      row += count
    }
    plan.finish(outputs: outputs, values: values, rows: rows, parameters: weights.pointer)
  }

  /// What the first layers read: observations normalized, with zeros up to the plan's stride.
  func prepare(_ observations: UnsafePointer<Float>, rows: Int, into input: UnsafeMutablePointer<Float>) {
    let width = policy.architecture.observationWidth
    guard let normalizer else {
      table.pointee.normalize(observations, rows, width, nil, nil, 0, input, plan.inputStride)
      return
    }
    normalizer.mean.withUnsafeBufferPointer { mean in
      normalizer.scale.withUnsafeBufferPointer { scale in
        table.pointee.normalize(
          observations, rows, width, mean.baseAddress, scale.baseAddress, policy.architecture.normalizer?.limit ?? 0,
          input, plan.inputStride)
      }
    }
  }

  /// Runs the first `depth` hidden layers of a trunk on what `prepare` wrote; each writes behind what it reads.
  /// Returns where the results of the last lie, and the floats from one row to the next.
  func run(
    _ trunk: NetworkPlan.Trunk, depth: Int, rows: Int, input: UnsafeMutablePointer<Float>
  ) -> (pointer: UnsafePointer<Float>, stride: Int) {
    var x = (pointer: UnsafePointer(input), stride: plan.inputStride)
    var next = input + rows * plan.inputStride
    for index in 0..<depth {
      var layer = trunk.hidden[index]
      let stride = NetworkPlan.activationStride(layer)
      table.pointee.forward(&layer, weights.pointer, x.pointer, x.stride, rows, next, stride)
      x = (UnsafePointer(next), stride)
      next += rows * stride
    }
    return x
  }
}

extension NetworkPlan {
  /// What no layer writes: log standard deviations beside the means, and zeros for the values of a policy without.
  func finish(
    outputs: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>?, rows: Int,
    parameters: UnsafePointer<Float>
  ) {
    if logDeviation.count > 0 {
      let width = architecture.head.parameterWidth
      for row in 0..<rows {
        (outputs + row * width + width - logDeviation.count).update(
          from: parameters + logDeviation.offset, count: logDeviation.count)
      }
    }
    if !architecture.hasValue { values?.update(repeating: 0, count: rows) }
  }
}
