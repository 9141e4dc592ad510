internal import CKernels

/// A hidden layer whose activations may be asked for: what a student learns from as hints (Romero et al. 2015).
public struct HiddenLayer: Hashable, Sendable {
  /// `policy.0`, `policy.1`, ... in the policy's trunk from the input on, `value.0`, ... in the value's; `trunk.0`, ...
  /// where the two share one.
  public let name: String
  /// Floats in one row of its activations.
  public let width: Int
  /// Its trunk's place in the plan, and its own in the trunk.
  let trunk: Int
  let index: Int
}

extension InferencePolicy {
  /// The layer of that name, or nil where the policy has none.
  public func hiddenLayer(named name: String) -> HiddenLayer? { hiddenLayers.first { $0.name == name } }

  /// Runs the network up to a hidden layer and writes what that layer hands on: its results after the activation
  /// function, the numbers that `forward` computes with. Like its outputs, a row's bits depend neither on the batch
  /// nor on the kernel path.
  ///
  /// - Parameters:
  ///   - layer: one of `hiddenLayers`; that of a policy of another shape ends the process.
  ///   - observations: [rows][observationWidth], raw: the normalizer is applied here. Finite numbers.
  ///   - features: [rows][layer.width], written.
  ///   - workspace: the calling thread's own.
  public func features(
    of layer: HiddenLayer, observations: UnsafePointer<Float>, rows: Int,
    into features: UnsafeMutablePointer<Float>, workspace: Workspace
  ) {
    precondition(hiddenLayers.contains(layer), "\(layer.name) of width \(layer.width) is no layer of this policy")
    let trunk = plan.trunks[layer.trunk]
    let input = workspace.floats(min(rows, rowsAtOnce) * (plan.inputStride + trunk.activationWidth))
    var row = 0
    while row < rows {
      let count = min(rowsAtOnce, rows - row)
      prepare(observations + row * policy.architecture.observationWidth, rows: count, into: input)
      let results = run(trunk, depth: layer.index + 1, rows: count, input: input)
      for offset in 0..<count {
        (features + (row + offset) * layer.width).update(
          from: results.pointer + offset * results.stride, count: layer.width)
      }
      row += count
    }
  }
}

extension NetworkPlan {
  var hiddenLayers: [HiddenLayer] {
    trunks.enumerated().flatMap { position, trunk in
      let prefix = architecture.sharedTrunk ? "trunk" : position == 0 ? "policy" : "value"
      return trunk.hidden.enumerated().map { index, layer in
        HiddenLayer(name: "\(prefix).\(index)", width: Int(layer.out), trunk: position, index: index)
      }
    }
  }
}
