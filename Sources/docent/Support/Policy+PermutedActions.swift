import Neural

extension Policy {
  /// The same policy with its discrete actions in the opposite order.
  func withPermutedActions() throws -> Policy {
    var permuted = parameters
    for tensor in architecture.layout.tensors where tensor.name.hasPrefix("action_net.") {
      let actions = tensor.shape[0]
      let width = tensor.count / actions
      for action in 0..<actions {
        let from = tensor.offset + (actions - 1 - action) * width
        let to = tensor.offset + action * width
        permuted.replaceSubrange(to..<to + width, with: parameters[from..<from + width])
      }
    }
    return try Policy(architecture: architecture, parameters: permuted)
  }
}
