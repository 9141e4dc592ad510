import Environments

/// One environment stepped through given actions.
struct EnvironmentTrace {
  struct Reset: Encodable {
    let event = "reset"
    /// Of the first reset; the later ones continue the random stream.
    let seed: UInt64?
    let state: [Double]
    let observation: [Float]
    enum CodingKeys: CodingKey { case event, seed, state, observation }
  }

  struct Step: Encodable {
    let event = "step"
    /// Before the step.
    let state: [Double]
    let action: TracedAction
    /// After the step; of the ended episode where it ended.
    let observation: [Float]
    let reward: Double
    let terminated: Bool
    let truncated: Bool
    let nextState: [Double]
    enum CodingKeys: CodingKey { case event, state, action, observation, reward, terminated, truncated, nextState }
  }

  enum TracedAction: Encodable {
    case discrete(Int32)
    case box([Float])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .discrete(let action): try container.encode(action)
      case .box(let action): try container.encode(action)
      }
    }
  }

  let environments: any VectorEnvironment
  let actions: TraceActions

  func run(seed: UInt64, reset: (Reset) throws -> Void, step: (Step) throws -> Void) throws {
    let storage = StepStorage(for: environments)
    environments.reset(seed: seed, observations: storage.buffers.observations)
    try reset(Reset(seed: seed, state: environments.state(of: 0), observation: storage.observation(0)))
    for index in 0..<actions.count {
      let before = environments.state(of: 0)
      let action = perform(index, storage)
      let ended = storage.ended(0)
      try step(
        Step(
          state: before, action: action,
          observation: ended ? storage.finalObservation(0) : storage.observation(0),
          reward: storage.buffers.rewards[0], terminated: storage.buffers.terminated[0] != 0,
          truncated: storage.buffers.truncated[0] != 0,
          nextState: ended ? environments.finalState(of: 0) ?? [] : environments.state(of: 0)))
      if ended {
        try reset(Reset(seed: nil, state: environments.state(of: 0), observation: storage.observation(0)))
      }
    }
  }

  private func perform(_ index: Int, _ storage: StepStorage) -> TracedAction {
    switch environments.spec.actionSpace {
    case .discrete:
      withUnsafePointer(to: actions.discrete[index]) {
        environments.step(actions: .discrete($0), into: storage.buffers)
      }
      return .discrete(actions.discrete[index])
    case .box:
      let row = Array(actions.box[index * actions.width..<(index + 1) * actions.width])
      row.withUnsafeBufferPointer {
        guard let values = $0.baseAddress else { return }
        environments.step(actions: .box(values), into: storage.buffers)
      }
      return .box(row)
    }
  }
}
