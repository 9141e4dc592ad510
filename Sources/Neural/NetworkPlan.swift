internal import CKernels

/// A network's layers with their places in a flat buffer that the kernels read: each tensor starts on a 64-byte line,
/// columns are padded to eight floats, padding is zero. Hidden layers lie in panels, heads in rows (see CKernels.h).
final class NetworkPlan: Sendable {
  struct Trunk: Sendable {
    let hidden: [ck_layer]
    let heads: [ck_layer]
    /// Floats that one row's activations take.
    var activationWidth: Int { hidden.reduce(0) { $0 + NetworkPlan.activationStride($1) } }
  }

  let architecture: PolicyArchitecture
  let trunks: [Trunk]
  /// Place and number of the log standard deviations; a count of 0 where the head has none.
  let logDeviation: (offset: Int, count: Int)
  /// Floats of the flat buffer, padding included.
  let count: Int
  /// Floats a row of the first layer's input takes.
  let inputStride: Int

  init(_ architecture: PolicyArchitecture) {
    self.architecture = architecture
    let activation = architecture.activation == .tanh ? CK_TANH : CK_RELU
    var next = 0
    func place(_ count: Int) -> Int {
      defer { next += roundUp(count, to: 16) }
      return next
    }
    func layer(_ description: LayerDescription) -> ck_layer {
      let isHead = description.role != .hidden
      let inPadded = roundUp(description.inputs, to: 8)
      let outPadded = roundUp(description.outputs, to: 8)
      let weights = place(isHead ? description.outputs * inPadded : description.inputs * outPadded)
      return ck_layer(
        in: UInt32(description.inputs), out: UInt32(description.outputs), in_padded: UInt32(inPadded),
        out_padded: UInt32(outPadded), activation: UInt32(isHead ? CK_IDENTITY : activation),
        storage: UInt32(isHead ? CK_ROWS : CK_PANELS), weights: weights, bias: place(outPadded))
    }
    trunks = architecture.trunks.map { Trunk(hidden: $0.hidden.map(layer), heads: $0.heads.map(layer)) }
    if case .gaussian(let dimensions, _, _) = architecture.head {
      logDeviation = (place(dimensions), dimensions)
    } else {
      logDeviation = (0, 0)
    }
    count = next
    inputStride = roundUp(architecture.observationWidth, to: 8)
  }

  /// Floats from one row of a hidden layer's results to the next: rows that lie a power of two apart would share a few
  /// sets of the caches.
  static func activationStride(_ layer: ck_layer) -> Int {
    let width = Int(layer.out_padded)
    return width.isMultiple(of: 256) ? width + 16 : width
  }

  private var layers: [ck_layer] { trunks.flatMap { $0.hidden + $0.heads } }

  /// From the dense order of `Policy.parameters` to the kernels'.
  func pack(_ parameters: [Float], into flat: UnsafeMutablePointer<Float>) {
    parameters.withUnsafeBufferPointer { source in
      guard var from = source.baseAddress else { return }
      for var layer in layers {
        let weights = Int(layer.in) * Int(layer.out)
        ck_pack(&layer, from, from + weights, flat)
        from += weights + Int(layer.out)
      }
      (flat + logDeviation.offset).update(from: from, count: logDeviation.count)
    }
  }

  func unpack(_ flat: UnsafePointer<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: architecture.parameterCount) { target, written in
      written = target.count
      guard var to = target.baseAddress else { return }
      for var layer in layers {
        let weights = Int(layer.in) * Int(layer.out)
        ck_unpack(&layer, flat, to, to + weights)
        to += weights + Int(layer.out)
      }
      to.update(from: flat + logDeviation.offset, count: logDeviation.count)
    }
  }

  /// Per observation column: the mean, and 1 / sqrt(variance + epsilon) rounded from doubles.
  var normalizerScales: (mean: [Float], scale: [Float])? {
    architecture.normalizer.map { normalizer in
      let scale = normalizer.variance.map { 1 / (Double($0) + Double(normalizer.epsilon)).squareRoot() }
      return (normalizer.mean, scale.map { Float($0) })
    }
  }
}
