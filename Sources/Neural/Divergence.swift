internal import CKernels

/// How one policy's answers differ from a reference's of the same head: sums over rows, in doubles.
///
/// - Categorical: KL of the softmaxes; greedy actions agree where the first of the largest logits is the same.
/// - Gaussian: KL(N_r to N_o) = sum over dimensions of ln(s_o / s_r) + (s_r^2 + (m_r - m_o)^2) / (2 s_o^2) - 1/2; greedy
///   actions, which are the means within the range, agree where they differ by at most a twentieth of the range in every
///   dimension, or by a tenth of the reference's standard deviation where the range is infinite.
/// - Q values: KL of their softmaxes at temperature 1; the first of the largest acts; the value is the largest.
///
/// A row on which the reference is not finite says nothing of the other, as where the observation holds NaN: it is not
/// counted. One on which the other alone is not finite is an error, with the largest divergence and difference, and
/// without agreement.
public struct Divergence: Sendable {
  public struct Sums: Hashable, Sendable {
    public var rows = 0
    /// Of KL(reference to other), in nats.
    public var kl = 0.0
    /// Rows whose greedy actions agree.
    public var agreement = 0.0
    /// Of the absolute difference of the values; 0 where there are none.
    public var value = 0.0
    /// Rows.
    public var errors = 0.0

    public init(rows: Int = 0, kl: Double = 0, agreement: Double = 0, value: Double = 0, errors: Double = 0) {
      self.rows = rows
      self.kl = kl
      self.agreement = agreement
      self.value = value
      self.errors = errors
    }
  }

  /// What a row adds at most to the sums of divergences and of differences.
  public static let largest = CK_DIVERGENCE_MAX

  private let head: Head
  private let hasValues: Bool

  /// - Parameter hasValues: both policies have a value; where one has none, there is nothing to compare.
  public init(_ head: Head, hasValues: Bool) {
    self.head = head
    self.hasValues = hasValues
  }

  /// Nothing of it allocates.
  ///
  /// - Parameters:
  ///   - reference, other: [rows][head.parameterWidth], as `InferencePolicy.forward` writes them.
  ///   - referenceValues, otherValues: [rows]; not read where there are none.
  public func sums(
    reference: UnsafePointer<Float>, _ referenceValues: UnsafePointer<Float>, other: UnsafePointer<Float>,
    _ otherValues: UnsafePointer<Float>, rows: Int
  ) -> Sums {
    var sums = ck_divergence()
    let values = hasValues ? (referenceValues, otherValues) : (nil, nil)
    switch head {
    case .categorical(let actions):
      ck_discrete_divergence(reference, other, values.0, values.1, rows, actions, false, &sums)
    case .qValues(let actions):
      ck_discrete_divergence(reference, other, nil, nil, rows, actions, true, &sums)
    case .gaussian(let dimensions, let low, let high):
      ck_gaussian_divergence(reference, other, values.0, values.1, rows, dimensions, low, high, &sums)
    }
    return Sums(
      rows: sums.rows, kl: sums.kl, agreement: sums.agreement, value: sums.value, errors: sums.errors)
  }
}
