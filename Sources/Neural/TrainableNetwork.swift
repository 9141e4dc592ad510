internal import CKernels

/// A network in training: parameters and gradients on flat buffers, forward and backward over minibatches.
///
/// The flat buffers are in the kernels' order with padding (see NetworkPlan), not in that of `Policy.parameters`: treat
/// them elementwise, as `Adam` does. Padding is zero, and so is its gradient.
///
/// Weights, gradients and outputs are bitwise the same with any number of threads and on any kernel path.
/// Not thread-safe; one owner.
public final class TrainableNetwork {
  public let architecture: PolicyArchitecture
  public let kernels: KernelPath
  /// Threads that forward and backward use: 2 run separate policy and value trunks side by side.
  public let threads: Int

  let plan: NetworkPlan
  private let table: UnsafePointer<ck_kernels>
  private let parameterBuffer: AlignedBuffer
  private let gradientBuffer: AlignedBuffer
  private let normalizer: (mean: [Float], scale: [Float])?
  private let worker: OpaquePointer?

  private var input: AlignedBuffer
  private var trunks: [TrunkState]
  private var rowCapacity = 0
  private var rows = 0

  /// A network with orthogonal weights (gains: sqrt 2 in hidden layers, 0.01 in a policy head, 1 in a value or Q head),
  /// zero biases and zero log standard deviations: Stable-Baselines3's initialisation of its actor-critics.
  public convenience init(
    architecture: PolicyArchitecture, seed: UInt64, threads: Int = 1, kernels: KernelPath = .selected
  ) {
    self.init(unset: architecture, threads: threads, kernels: kernels)
    plan.pack(architecture.orthogonalParameters(seed: seed, kernels: kernels), into: parameterBuffer.pointer)
  }

  /// A network that starts from a policy's parameters.
  public convenience init(policy: Policy, threads: Int = 1, kernels: KernelPath = .selected) {
    self.init(unset: policy.architecture, threads: threads, kernels: kernels)
    plan.pack(policy.parameters, into: parameterBuffer.pointer)
  }

  private init(unset architecture: PolicyArchitecture, threads: Int, kernels: KernelPath) {
    self.architecture = architecture
    self.kernels = kernels
    self.threads = max(threads, 1)
    plan = NetworkPlan(architecture)
    table = kernels.table
    parameterBuffer = AlignedBuffer(count: plan.count)
    gradientBuffer = AlignedBuffer(count: plan.count)
    normalizer = plan.normalizerScales
    input = AlignedBuffer(count: 0)
    trunks = plan.trunks.map { TrunkState($0) }
    worker = threads > 1 && plan.trunks.count > 1 ? ck_worker_create() : nil
  }

  deinit { ck_worker_destroy(worker) }

  /// The parameters in the kernels' order, padding included; valid as long as the network.
  public var parameters: UnsafeMutableBufferPointer<Float> { parameterBuffer.floats }
  /// The gradients of the last `backward`, in the same order.
  public var gradients: UnsafeMutableBufferPointer<Float> { gradientBuffer.floats }
  /// Floats in `parameters`, padding included: what an optimizer's state must hold. The number of trainable numbers
  /// is `architecture.parameterCount`.
  public var parameterCount: Int { plan.count }

  /// A copy of the parameters as a policy.
  /// - Throws: `NeuralError` (`notFinite`) where training has diverged.
  public func snapshot() throws -> Policy {
    try Policy(architecture: architecture, parameters: plan.unpack(parameterBuffer.pointer))
  }

  /// The gradients of the last `backward` in the order of `architecture.layout`, without padding.
  public func denseGradients() -> [Float] { plan.unpack(gradientBuffer.pointer) }

  /// A copy of the parameters as a policy. Training that has diverged to NaN ends the process; `snapshot()` throws.
  public var policy: Policy {
    do { return try snapshot() } catch { preconditionFailure("\(error)") }
  }

  /// Overwrites the parameters with a policy's of the same architecture.
  public func load(_ policy: Policy) {
    precondition(policy.architecture == architecture, "a policy of another architecture")
    plan.pack(policy.parameters, into: parameterBuffer.pointer)
  }

  /// Outputs and values of a batch; keeps what `backward` needs until the next forward.
  ///
  /// - Parameters: as of `InferencePolicy.forward`. `values` may be nil where the policy has no value.
  public func forward(
    _ observations: UnsafePointer<Float>, rows: Int, outputs: UnsafeMutablePointer<Float>,
    values: UnsafeMutablePointer<Float>?
  ) {
    reserve(rows)
    self.rows = rows
    let width = architecture.observationWidth
    if let normalizer {
      normalizer.mean.withUnsafeBufferPointer { mean in
        normalizer.scale.withUnsafeBufferPointer { scale in
          table.pointee.normalize(
            observations, rows, width, mean.baseAddress, scale.baseAddress, architecture.normalizer?.limit ?? 0,
            input.pointer, plan.inputStride)
        }
      }
    } else {
      table.pointee.normalize(observations, rows, width, nil, nil, 0, input.pointer, plan.inputStride)
    }
    let outputWidth = architecture.head.parameterWidth
    for (index, trunk) in trunks.enumerated() {
      trunk.set(
        table: table, parameters: parameterBuffer.pointer, gradients: gradientBuffer.pointer, input: input.pointer,
        inputStride: plan.inputStride, rows: rows)
      let policyHead = TrunkState.HeadBuffer(results: outputs, stride: outputWidth)
      let valueHead = TrunkState.HeadBuffer(results: values, stride: 1)
      trunk.headBuffers = index == 0 ? [policyHead, valueHead] : [valueHead]
    }
    each(.forward)
    if plan.logDeviation.count > 0 || (!architecture.hasValue && values != nil) {
      plan.finish(outputs: outputs, values: values, rows: rows, parameters: parameterBuffer.pointer)
    }
  }

  /// Gradients of all parameters from those of the last forward's outputs and values: written, not accumulated.
  ///
  /// - Parameters:
  ///   - outputGradients: [rows][head.parameterWidth].
  ///   - valueGradients: [rows]; nil where the policy has no value (or its value takes no part in the loss: the
  ///     value's gradients are then zero).
  public func backward(outputGradients: UnsafePointer<Float>, valueGradients: UnsafePointer<Float>?) {
    precondition(rows > 0, "backward without a forward")
    let outputWidth = architecture.head.parameterWidth
    for (index, trunk) in trunks.enumerated() {
      let policyHead = TrunkState.HeadGradient(gradients: outputGradients, stride: outputWidth)
      let valueHead = TrunkState.HeadGradient(gradients: valueGradients, stride: 1)
      trunk.headGradients = index == 0 ? [policyHead, valueHead] : [valueHead]
    }
    each(.backward)
    let deviation = gradientBuffer.pointer + plan.logDeviation.offset
    for column in 0..<plan.logDeviation.count {
      var sum: Float = 0
      for row in 0..<rows {
        sum += outputGradients[row * outputWidth + outputWidth - plan.logDeviation.count + column]
      }
      deviation[column] = sum
    }
  }

  /// Below this many rows a pass is shorter than handing half of it to another thread.
  private static let rowsForTwoThreads = 16

  private func each(_ pass: TrunkState.Pass) {
    for trunk in trunks { trunk.pass = pass }
    guard let worker, trunks.count == 2, rows >= Self.rowsForTwoThreads else {
      for trunk in trunks { trunk.run() }
      return
    }
    // Retained by `trunks`, which nothing changes before the wait returns.
    let other = Unmanaged.passUnretained(trunks[1]).toOpaque()
    ck_worker_submit(worker, { Unmanaged<TrunkState>.fromOpaque($0!).takeUnretainedValue().run() }, other)
    trunks[0].run()
    ck_worker_wait(worker)
  }

  private func reserve(_ rows: Int) {
    guard rows > rowCapacity else { return }
    rowCapacity = rows
    input = AlignedBuffer(count: rows * plan.inputStride)
    for trunk in trunks { trunk.reserve(rows) }
  }
}
