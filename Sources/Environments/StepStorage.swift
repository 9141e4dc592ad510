/// Memory for the steps of some environments, for callers that keep no rows of their own.
///
/// Allocated once and zeroed; all rows stay at their addresses. One thread at a time.
public final class StepStorage {
  public let count: Int
  public let observationWidth: Int
  /// Rows as `StepBuffers` describes them.
  public let buffers: StepBuffers

  public init(count: Int, observationWidth: Int) {
    precondition(count > 0 && observationWidth > 0)
    self.count = count
    self.observationWidth = observationWidth
    func zeros<Number: Numeric>(_ count: Int) -> UnsafeMutablePointer<Number> {
      let memory = UnsafeMutablePointer<Number>.allocate(capacity: count)
      memory.initialize(repeating: 0, count: count)
      return memory
    }
    buffers = StepBuffers(
      observations: zeros(count * observationWidth), rewards: zeros(count), terminated: zeros(count),
      truncated: zeros(count), finalObservations: zeros(count * observationWidth))
  }

  public convenience init(for environments: any VectorEnvironment) {
    self.init(count: environments.count, observationWidth: environments.spec.observationWidth)
  }

  deinit {
    buffers.observations.deallocate()
    buffers.rewards.deallocate()
    buffers.terminated.deallocate()
    buffers.truncated.deallocate()
    buffers.finalObservations.deallocate()
  }

  /// The current observation of an environment.
  public func observation(_ row: Int) -> [Float] { copy(buffers.observations, row) }

  /// The last observation of an environment's episode that ended in the last step.
  public func finalObservation(_ row: Int) -> [Float] { copy(buffers.finalObservations, row) }

  /// Whether the environment's episode ended in the last step.
  public func ended(_ row: Int) -> Bool { buffers.terminated[row] != 0 || buffers.truncated[row] != 0 }

  private func copy(_ rows: UnsafeMutablePointer<Float>, _ row: Int) -> [Float] {
    precondition(row >= 0 && row < count)
    return Array(UnsafeBufferPointer(start: rows + row * observationWidth, count: observationWidth))
  }
}
