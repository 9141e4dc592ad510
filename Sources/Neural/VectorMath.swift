internal import CKernels

/// Vector arithmetic for learners: each function's order of operations is fixed, so that all kernel paths and any
/// number of threads give the same bits. Pointers may not overlap unless it says so.
public enum VectorMath {
  /// Largest errors over all floats (exp: where the result is a normal number), in units of the spacing of floats at
  /// the exact result. That of tanh is reached near 1, where it amounts to 3.2e-7; results never leave -1...1.
  public static let tanhErrorMax = 5.3
  public static let expErrorMax = 1.02
  public static let logErrorMax = 0.87

  /// y = tanh x, elementwise, in place or not.
  public static func tanh(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, kernels: KernelPath = .selected
  ) { kernels.table.pointee.tanh(x, y, count) }

  /// y = e^x, elementwise, in place or not. Below -87.33 the result is 0, above 88.72 infinity.
  public static func exp(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, kernels: KernelPath = .selected
  ) { kernels.table.pointee.exp(x, y, count) }

  /// y = ln x, elementwise, in place or not; -infinity at 0, NaN below.
  public static func log(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, kernels: KernelPath = .selected
  ) { kernels.table.pointee.log(x, y, count) }

  /// out[r] = logits[r] - log sum exp logits[r], for [rows][width]; in place or not.
  public static func logSoftmax(
    _ logits: UnsafePointer<Float>, rows: Int, width: Int, out: UnsafeMutablePointer<Float>,
    kernels: KernelPath = .selected
  ) { kernels.table.pointee.log_softmax(logits, rows, width, out) }

  /// Actions drawn from softmax(logits) by uniforms in [0, 1), one a row (the inverse of the cumulative
  /// distribution), and their log probabilities.
  public static func sampleCategorical(
    _ logits: UnsafePointer<Float>, rows: Int, width: Int, uniforms: UnsafePointer<Float>,
    actions: UnsafeMutablePointer<Int32>, logProbabilities: UnsafeMutablePointer<Float>? = nil,
    kernels: KernelPath = .selected
  ) { kernels.table.pointee.sample(logits, rows, width, uniforms, actions, logProbabilities) }

  /// The column of each row's largest number, the first of equals.
  public static func argmax(
    _ x: UnsafePointer<Float>, rows: Int, width: Int, actions: UnsafeMutablePointer<Int32>
  ) {
    for row in 0..<rows {
      let values = x + row * width
      var best = 0
      for column in 1..<max(width, 1) where values[column] > values[best] { best = column }
      actions[row] = Int32(truncatingIfNeeded: best)
    }
  }

  /// x = (x - mean) / (standard deviation + epsilon), the deviation with n - 1 as PyTorch's. Fewer than 2: unchanged.
  public static func standardize(
    _ x: UnsafeMutablePointer<Float>, count: Int, epsilon: Float = 1e-8, kernels: KernelPath = .selected
  ) { kernels.table.pointee.standardize(x, count, epsilon) }

  /// out[i] = x[indices[i]] for rows of `width` floats. Indices are not checked.
  public static func gather(
    _ x: UnsafePointer<Float>, width: Int, indices: UnsafePointer<Int32>, rows: Int,
    out: UnsafeMutablePointer<Float>, kernels: KernelPath = .selected
  ) { kernels.table.pointee.gather(x, width, indices, rows, out) }

  /// Generalised advantage estimation (Schulman et al. 2016, equation 16) over [steps][environments].
  ///
  /// `ended[s][e]` is 1 where the episode ended with step s, so that what follows is another episode; a truncated
  /// episode's value is the caller's to add to the reward. `lastValues` are those of the observations after the last
  /// step. `returns` are advantages + values.
  public static func generalizedAdvantages(
    steps: Int, environments: Int, rewards: UnsafePointer<Float>, values: UnsafePointer<Float>,
    ended: UnsafePointer<UInt8>, lastValues: UnsafePointer<Float>, gamma: Float, lambda: Float,
    advantages: UnsafeMutablePointer<Float>, returns: UnsafeMutablePointer<Float>, kernels: KernelPath = .selected
  ) {
    kernels.table.pointee.gae(
      steps, environments, rewards, values, ended, lastValues, gamma, lambda, advantages, returns)
  }
}
