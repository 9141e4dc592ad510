/// Copies of one `Dynamics`, each with a random stream of its own: Gymnasium's seeding, time limit, and a reset in
/// the step that ends an episode.
final class IndependentEnvironments<Simulated: Dynamics>: VectorEnvironment {
  private struct Slot {
    var dynamics: Simulated
    var generator: PCG64
    var steps: Int
    var ended: Simulated?

    init(seed: UInt64) {
      generator = PCG64(seed: seed)
      dynamics = Simulated(from: &generator)
      steps = 0
    }

    mutating func startEpisode() {
      ended = dynamics
      dynamics = Simulated(from: &generator)
      steps = 0
    }
  }

  let spec: EnvironmentSpec
  let count: Int
  private let space: ActionSpace
  private let slots: UnsafeMutableBufferPointer<Slot>

  init(count: Int) {
    precondition(count > 0, "at least one environment is needed, \(count) were asked for")
    self.count = count
    spec = Simulated.spec
    space = spec.actionSpace
    slots = .allocate(capacity: count)
    for index in 0..<count { slots.initializeElement(at: index, to: Slot(seed: UInt64(index))) }
  }

  deinit {
    slots.deinitialize()
    slots.deallocate()
  }

  func reset(seed: UInt64, observations: UnsafeMutablePointer<Float>) {
    let width = spec.observationWidth
    for index in 0..<count {
      reset(environment: index, seed: seed &+ UInt64(index), observation: observations + index * width)
    }
  }

  func reset(environment: Int, seed: UInt64, observation: UnsafeMutablePointer<Float>) {
    slots[environment] = Slot(seed: seed)
    slots[environment].dynamics.observe(into: observation)
  }

  func step(_ range: Range<Int>, actions: ActionBatch, into buffers: StepBuffers) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range outside of the environments")
    let width = spec.observationWidth
    let limit = spec.stepLimit
    guard let slot = slots.baseAddress else { return }
    for index in range {
      let action = Simulated.Action.row(index, of: actions, space: space)
      let (reward, terminated) = slot[index].dynamics.step(action)
      slot[index].steps += 1
      let truncated = slot[index].steps >= limit
      buffers.rewards[index] = reward
      buffers.terminated[index] = terminated ? 1 : 0
      buffers.truncated[index] = truncated ? 1 : 0
      if terminated || truncated {
        slot[index].dynamics.observe(into: buffers.finalObservations + index * width)
        slot[index].startEpisode()
      }
      slot[index].dynamics.observe(into: buffers.observations + index * width)
    }
  }

  func state(of environment: Int) -> [Double] { slots[environment].dynamics.state }

  func finalState(of environment: Int) -> [Double]? { slots[environment].ended?.state }

  func setState(_ state: [Double], of environment: Int) {
    slots[environment].dynamics = Simulated(state: state)
  }
}
