import Environments

/// Environments with memory of their own, stepped by arrays.
struct Stepping {
  let environments: any VectorEnvironment
  let storage: StepStorage

  init(_ id: String, count: Int, seed: UInt64) throws {
    environments = try EnvironmentCatalog.make(id: id, count: count)
    storage = StepStorage(for: environments)
    environments.reset(seed: seed, observations: storage.buffers.observations)
  }

  func step(_ actions: [Int32], range: Range<Int>? = nil) {
    actions.withUnsafeBufferPointer {
      environments.step(
        range ?? 0..<environments.count, actions: .discrete($0.baseAddress!), into: storage.buffers)
    }
  }
}
