import Neural

/// An artefact is a policy or an error of this module; what was read and is written again is the same policy, and runs.
enum ArtefactTarget {
  static func run(_ input: UnsafeRawBufferPointer) -> CInt {
    let bytes = Array(input)
    if let file = expect({ try SafeTensors(bytes) }) {
      let written = file.encoded()
      guard let again = expect({ try SafeTensors(written) }) else { fatalError("what was written cannot be read") }
      require(
        again.tensors == file.tensors && again.metadata == file.metadata, "what was written reads as another file")
      require(again.encoded() == written, "the same file has other bytes")
    }
    if let policy = expect({ try PolicyArtefact.decode(bytes) }) {
      let written = PolicyArtefact.encode(policy)
      guard let again = expect({ try PolicyArtefact.decode(written) }) else {
        fatalError("an encoded policy is refused")
      }
      require(PolicyArtefact.encode(again) == written, "the same policy has other bytes")
      forward(policy)
    }
    return 0
  }

  private static func expect<Value>(_ body: () throws -> Value) -> Value? {
    do {
      return try body()
    } catch {
      require(error is NeuralError, "no error of the module: \(error)")
      return nil
    }
  }

  private static func forward(_ policy: Policy) {
    let architecture = policy.architecture
    guard architecture.parameterCount < 1 << 16 else { return }
    let rows = 3
    let observations = [Float](repeating: 0.5, count: rows * architecture.observationWidth)
    var outputs = [Float](repeating: 0, count: rows * architecture.head.parameterWidth)
    var values = [Float](repeating: 0, count: rows)
    InferencePolicy(policy).forward(
      observations, rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
  }
}
