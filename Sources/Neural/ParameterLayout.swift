/// Where each tensor lies in `Policy.parameters`: densely, one after the other, each in PyTorch's order
/// (a weight is [outputs, inputs], row-major) and under Stable-Baselines3's name.
public struct ParameterLayout: Hashable, Sendable {
  public struct Tensor: Hashable, Sendable {
    public let name: String
    public let shape: [Int]
    /// Floats from the start of the flat buffer.
    public let offset: Int
    public var count: Int { shape.reduce(1, *) }
  }

  public private(set) var tensors: [Tensor] = []
  /// Floats in all.
  public private(set) var count = 0

  mutating func append(_ name: String, _ shape: [Int]) {
    let tensor = Tensor(name: name, shape: shape, offset: count)
    tensors.append(tensor)
    count += tensor.count
  }
}

/// One fully connected layer before it has a place: what names it and how large it is.
struct LayerDescription {
  enum Role { case hidden, policyHead, valueHead }
  let role: Role
  let name: String
  let inputs: Int
  let outputs: Int
}

/// Hidden layers and the heads on top: the policy's, the value's, or both.
struct TrunkDescription {
  let hidden: [LayerDescription]
  let heads: [LayerDescription]
  var layers: [LayerDescription] { hidden + heads }
}

extension PolicyArchitecture {
  /// The policy's trunk first, then the value's where it has one of its own.
  var trunks: [TrunkDescription] {
    switch head {
    case .qValues(let actions):
      // PyTorch numbers a Sequential's modules, activations included: linear layers are the even ones.
      let hidden = hiddenLayers(policyHidden, prefix: "q_net.q_net")
      let last = LayerDescription(
        role: .policyHead, name: "q_net.q_net.\(2 * hidden.count)", inputs: policyHidden.last ?? observationWidth,
        outputs: actions)
      return [TrunkDescription(hidden: hidden, heads: [last])]
    case .categorical, .gaussian:
      let policy = LayerDescription(
        role: .policyHead, name: "action_net", inputs: policyHidden.last ?? observationWidth, outputs: head.layerWidth)
      let value = LayerDescription(
        role: .valueHead, name: "value_net", inputs: valueHidden.last ?? observationWidth, outputs: 1)
      if sharedTrunk {
        let hidden = hiddenLayers(policyHidden, prefix: "mlp_extractor.shared_net")
        return [TrunkDescription(hidden: hidden, heads: [policy, value])]
      }
      let actor = TrunkDescription(
        hidden: hiddenLayers(policyHidden, prefix: "mlp_extractor.policy_net"), heads: [policy])
      let critic = TrunkDescription(
        hidden: hiddenLayers(valueHidden, prefix: "mlp_extractor.value_net"), heads: [value])
      return hasValue ? [actor, critic] : [actor]
    }
  }

  private func hiddenLayers(_ widths: [Int], prefix: String) -> [LayerDescription] {
    widths.enumerated().map { index, width in
      LayerDescription(
        role: .hidden, name: "\(prefix).\(2 * index)", inputs: index == 0 ? observationWidth : widths[index - 1],
        outputs: width)
    }
  }

  /// Name, shape and offset of each tensor of `Policy.parameters`.
  public var layout: ParameterLayout {
    var layout = ParameterLayout()
    for trunk in trunks {
      for layer in trunk.layers {
        layout.append("\(layer.name).weight", [layer.outputs, layer.inputs])
        layout.append("\(layer.name).bias", [layer.outputs])
      }
    }
    if case .gaussian(let dimensions, _, _) = head { layout.append("log_std", [dimensions]) }
    return layout
  }
}
