/// A policy as data: its architecture, and its parameters in the order of `architecture.layout`. Immutable.
///
/// It computes nothing: `InferencePolicy` serves it, `TrainableNetwork` trains it, `PolicyArtefact` stores it.
public struct Policy: Hashable, Sendable {
  public let architecture: PolicyArchitecture
  /// Finite floats, `architecture.parameterCount` of them; each tensor dense, in PyTorch's order.
  public let parameters: [Float]

  /// - Throws: `NeuralError`: another number of parameters than the architecture has, NaN or infinity.
  public init(architecture: PolicyArchitecture, parameters: [Float]) throws {
    let layout = architecture.layout
    guard parameters.count == layout.count else {
      throw NeuralError(
        .architectureMismatch, "\(parameters.count) parameters given; the architecture has \(layout.count)")
    }
    if let index = parameters.firstIndex(where: { !$0.isFinite }) {
      let name = layout.tensors.last { $0.offset <= index }?.name ?? "?"
      throw NeuralError(
        .notFinite, "the weights hold \(parameters[index]) (in \(name)); expected finite numbers everywhere")
    }
    self.architecture = architecture
    self.parameters = parameters
  }

  /// The numbers of one tensor of the layout, or nil where there is none of that name.
  public func tensor(named name: String) -> ArraySlice<Float>? {
    architecture.layout.tensors.first { $0.name == name }.map { parameters[$0.offset..<$0.offset + $0.count] }
  }
}
