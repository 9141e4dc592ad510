internal import CKernels

/// Losses on a head's outputs, with their gradients in those outputs: what `TrainableNetwork.backward` takes.
public enum PolicyLoss {
  /// PPO's loss for a categorical head (Schulman et al. 2017, equations 7 and 9).
  public struct PPO: Codable, Hashable, Sendable {
    /// How the value's error is held near the value at collection.
    public enum ValueClipping: Codable, Hashable, Sendable {
      case none
      /// The error of the clipped value alone (Stable-Baselines3's clip_range_vf).
      case clipped(range: Float)
      /// The larger of the plain and the clipped error (PPO2, CleanRL, PureJaxRL).
      case maximum(range: Float)
    }
    public var clip: Float
    public var entropyCoefficient: Float
    /// Times the mean of (V - R)^2. A paper's 0.5 (V - R)^2 with coefficient c is c / 2 here.
    public var valueCoefficient: Float
    public var valueClipping: ValueClipping

    public init(
      clip: Float = 0.2, entropyCoefficient: Float = 0, valueCoefficient: Float = 0.5,
      valueClipping: ValueClipping = .none
    ) {
      self.clip = clip
      self.entropyCoefficient = entropyCoefficient
      self.valueCoefficient = valueCoefficient
      self.valueClipping = valueClipping
    }
  }

  /// Means over a minibatch; the value loss before its coefficient, the KL as mean(ratio - 1 - log ratio).
  public struct PPOStatistics: Codable, Hashable, Sendable {
    public var policyLoss, valueLoss, entropy, approximateKL, clipFraction: Float
  }

  /// Gradients of `policyLoss - entropyCoefficient * entropy + valueCoefficient * valueLoss` in logits and values.
  ///
  /// - Parameters:
  ///   - logits: [rows][actions], and its gradient `logitGradients`.
  ///   - values: [rows], and its gradient `valueGradients`.
  ///   - oldLogProbabilities, advantages, returns: [rows]; `oldValues` likewise, needed for clipped values alone.
  public static func ppo(
    _ settings: PPO, rows: Int, actionCount: Int, logits: UnsafePointer<Float>, values: UnsafePointer<Float>,
    actions: UnsafePointer<Int32>, oldLogProbabilities: UnsafePointer<Float>, advantages: UnsafePointer<Float>,
    returns: UnsafePointer<Float>, oldValues: UnsafePointer<Float>?, logitGradients: UnsafeMutablePointer<Float>,
    valueGradients: UnsafeMutablePointer<Float>, kernels: KernelPath = .selected
  ) -> PPOStatistics {
    var raw = settings.raw
    precondition(raw.value_clip < 0 || oldValues != nil, "clipped values need the values at collection")
    let statistics = kernels.table.pointee.ppo(
      &raw, rows, actionCount, logits, values, actions, oldLogProbabilities, advantages, returns, oldValues,
      logitGradients, valueGradients)
    return PPOStatistics(
      policyLoss: statistics.policy_loss, valueLoss: statistics.value_loss, entropy: statistics.entropy,
      approximateKL: statistics.approximate_kl, clipFraction: statistics.clip_fraction)
  }

  /// Distillation of a categorical head: `tau^2 KL(softmax(teacher / tau) to softmax(student / tau))`, the mean over
  /// rows, and its gradient `tau (p_S - p_T) / rows` in the student's logits (Hinton et al. 2015, section 2).
  public static func distillation(
    teacher: UnsafePointer<Float>, student: UnsafePointer<Float>, rows: Int, actionCount: Int, temperature: Float,
    gradient: UnsafeMutablePointer<Float>, kernels: KernelPath = .selected
  ) -> Float {
    kernels.table.pointee.distill(teacher, student, rows, actionCount, temperature, gradient)
  }
}

extension PolicyLoss.PPO {
  var raw: ck_ppo_settings {
    let (range, maximum): (Float, UInt32) =
      switch valueClipping {
      case .none: (-1, 0)
      case .clipped(let range): (range, 0)
      case .maximum(let range): (range, 1)
      }
    return ck_ppo_settings(
      clip: clip, entropy: entropyCoefficient, value: valueCoefficient, value_clip: range, value_maximum: maximum)
  }
}
