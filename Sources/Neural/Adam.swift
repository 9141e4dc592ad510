internal import CKernels

/// Adam (Kingma and Ba 2015, algorithm 1) as PyTorch computes it: `p -= lr / c1 * m / (sqrt(v) / sqrt(c2) + epsilon)`
/// with the bias corrections `c = 1 - beta^t`; epsilon is 1e-5, as in Stable-Baselines3.
///
/// A `maxNorm` clips the gradient as `torch.nn.utils.clip_grad_norm_`: times min(1, maxNorm / (norm + 1e-6)).
public struct Adam {
  public var learningRate: Float
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  /// Steps taken.
  public private(set) var steps = 0

  private let first: AlignedBuffer
  private let second: AlignedBuffer
  private let table: UnsafePointer<ck_kernels>
  private var power1 = 1.0
  private var power2 = 1.0

  /// - Parameter count: floats of the buffers to come, `TrainableNetwork.parameterCount`.
  public init(
    count: Int, learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-5,
    kernels: KernelPath = .selected
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    first = AlignedBuffer(count: count)
    second = AlignedBuffer(count: count)
    table = kernels.table
  }

  /// One step; returns the gradient's norm before clipping.
  @discardableResult
  public mutating func step(
    parameters: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>, maxNorm: Float? = nil
  ) -> Float {
    let count = first.floats.count
    precondition(parameters.count == count && gradients.count == count, "buffers of another size than the optimizer's")
    guard let p = parameters.baseAddress, let g = gradients.baseAddress else { return 0 }
    steps += 1
    power1 *= Double(beta1)
    power2 *= Double(beta2)
    let norm = table.pointee.sum_of_squares(g, count).squareRoot()
    let scale = maxNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
    var settings = ck_adam_settings(
      learning_rate: Float(Double(learningRate) / (1 - power1)), beta1: beta1, beta2: beta2, epsilon: epsilon,
      second_scale: Float(1 / (1 - power2).squareRoot()), gradient_scale: scale)
    table.pointee.adam(&settings, p, g, first.pointer, second.pointer, count)
    return norm
  }
}
