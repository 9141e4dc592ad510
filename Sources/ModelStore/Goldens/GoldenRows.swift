public import Neural
public import Registry

/// A few observations, and what a policy's forward pass made of them, bit for bit.
///
/// A row's outputs do not depend on batch, thread or instruction set, so whoever loads the version recomputes the same
/// bits; a difference means other weights, another normalizer, or kernels that compute something else.
public struct GoldenRows: Hashable, Sendable {
  /// How many rows a version gets.
  public static let rowsDefault = 8

  public let rows: Int
  /// [rows][observation width], raw.
  public let observations: [Float]
  /// [rows][the head's parameter width].
  public let outputs: [Float]
  /// [rows]; zeros where the policy has no value.
  public let values: [Float]

  public init(rows: Int, observations: [Float], outputs: [Float], values: [Float]) {
    self.rows = rows
    self.observations = observations
    self.outputs = outputs
    self.values = values
  }

  /// Computes the golden rows of a policy. The same architecture always gets the same observations: spread evenly over
  /// -3...3, or over three standard deviations around the normalizer's mean.
  public init(of policy: InferencePolicy, rows: Int = GoldenRows.rowsDefault) {
    let observations = Self.observations(policy.policy.architecture, rows: rows)
    let (outputs, values) = Self.compute(policy, observations, rows: rows)
    self.init(rows: rows, observations: observations, outputs: outputs, values: values)
  }

  /// Computes the rows again and compares them bit for bit.
  ///
  /// - Throws: `ModelStoreError` `mismatch`, with the first number that differs; its row and both values.
  public func check(_ policy: InferencePolicy) throws(ModelStoreError) {
    let architecture = policy.policy.architecture
    let width = architecture.head.parameterWidth
    guard rows > 0, observations.count == rows * architecture.observationWidth, outputs.count == rows * width,
      values.count == rows
    else {
      throw ModelStoreError(
        .mismatch,
        "the golden rows do not fit the policy: \(rows) rows with \(observations.count) observations, "
          + "\(outputs.count) outputs and \(values.count) values; expected \(architecture.observationWidth), \(width) "
          + "and 1 in each row")
    }
    if let index = observations.firstIndex(where: { !$0.isFinite }) {
      throw ModelStoreError(
        .mismatch, "golden row \(index / architecture.observationWidth) has \(observations[index]) in its observation")
    }
    let (nowOutputs, nowValues) = Self.compute(policy, observations, rows: rows)
    if let index = Self.firstDifference(outputs, nowOutputs) {
      throw Self.difference(
        "output \(index % width)", row: index / width, stored: outputs[index], now: nowOutputs[index])
    }
    if let index = Self.firstDifference(values, nowValues) {
      throw Self.difference("value", row: index, stored: values[index], now: nowValues[index])
    }
  }

  private static func compute(_ policy: InferencePolicy, _ observations: [Float], rows: Int) -> ([Float], [Float]) {
    var outputs = [Float](repeating: 0, count: rows * policy.policy.architecture.head.parameterWidth)
    var values = [Float](repeating: 0, count: rows)
    observations.withUnsafeBufferPointer { observations in
      outputs.withUnsafeMutableBufferPointer { outputs in
        values.withUnsafeMutableBufferPointer { values in
          guard let input = observations.baseAddress, let output = outputs.baseAddress, let value = values.baseAddress
          else { return }
          policy.forward(input, rows: rows, outputs: output, values: value, workspace: Workspace())
        }
      }
    }
    return (outputs, values)
  }

  private static func observations(_ architecture: PolicyArchitecture, rows: Int) -> [Float] {
    let width = architecture.observationWidth
    var state: UInt64 = 0
    return (0..<rows * width).map { index in
      // SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014); 24 bits of it
      // are exactly a float in -3...3.
      state &+= 0x9E37_79B9_7F4A_7C15
      var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      let spread = (Float((bits ^ (bits >> 31)) >> 40) / Float(1 << 23) - 1) * 3
      guard let normalizer = architecture.normalizer else { return spread }
      let column = index % width
      return normalizer.mean[column] + spread * (normalizer.variance[column] + normalizer.epsilon).squareRoot()
    }
  }

  /// Bits, not values: -0 differs from 0.
  private static func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
    a.indices.first { a[$0].bitPattern != b[$0].bitPattern }
  }

  private static func difference(_ what: String, row: Int, stored: Float, now: Float) -> ModelStoreError {
    ModelStoreError(
      .mismatch, "golden row \(row): \(what) is \(now) when computed here, \(stored) when it was published")
  }
}

extension GoldenRows {
  /// From the bytes of a registry.
  public init(_ bytes: GoldenBytes) throws(ModelStoreError) {
    self.init(
      rows: bytes.rows, observations: try LittleEndian.floats(bytes.observations, "golden observations"),
      outputs: try LittleEndian.floats(bytes.outputs, "golden outputs"),
      values: try LittleEndian.floats(bytes.values, "golden values"))
  }

  /// As a registry stores them.
  public var bytes: GoldenBytes {
    GoldenBytes(
      rows: rows, observations: LittleEndian.bytes(observations), outputs: LittleEndian.bytes(outputs),
      values: LittleEndian.bytes(values))
  }
}
