import Environments

/// Runs a fixed list of episodes in a few environments: one that ends makes room for the next of the list.
final class EpisodePool {
  /// Chooses the actions of some running episodes, one row each, each with the random stream of its own episode.
  typealias Act = (
    _ observations: UnsafePointer<Float>, _ rows: Int, _ generators: [UnsafeMutablePointer<PCG64>],
    _ actions: UnsafeMutablePointer<Int32>
  ) throws -> Void

  private struct Episode {
    var index: Int
    var total = 0.0
    var length = 0
  }

  /// The most rows that are asked for at once.
  let width: Int
  private let settings: Evaluation.Settings
  private let firstSeed: UInt64
  private let environments: any VectorEnvironment
  private let storage: StepStorage
  /// Rows of the running episodes, side by side, and their actions: by row, and by environment.
  private let observations: Memory<Float>
  private let actions: Memory<Int32>
  private let scattered: Memory<Int32>
  /// One an environment; restarted with each episode.
  private let generators: UnsafeMutableBufferPointer<PCG64>
  private var started = 0
  /// One an environment; none where the list has no more for it.
  private var running: [Episode?]
  private var returns: [Double]
  private var lengths: [Int]

  init(spec: EnvironmentSpec, settings: Evaluation.Settings, range: SeedRange) throws {
    try LearningError.require(
      (1...1 << 20).contains(settings.episodes), "\(settings.episodes) episodes; expected 1 to \(1 << 20)")
    try LearningError.require(
      settings.environments > 0, "\(settings.environments) environments; at least 1 is needed")
    self.settings = settings
    firstSeed = range.base(settings.seed)
    width = min(settings.environments, settings.episodes)
    environments = try EnvironmentCatalog.make(id: spec.id, count: width)
    storage = StepStorage(for: environments)
    observations = Memory(width * spec.observationWidth)
    actions = Memory(width)
    scattered = Memory(width)
    generators = .allocate(capacity: width)
    generators.initialize(repeating: PCG64(seed: 0))
    running = Array(repeating: nil, count: width)
    returns = Array(repeating: 0, count: settings.episodes)
    lengths = Array(repeating: 0, count: settings.episodes)
  }

  deinit { generators.deallocate() }

  func play(progress: ((Int) throws -> Void)?, act: Act) throws -> EvaluationResult {
    let observationWidth = storage.observationWidth
    for slot in 0..<width { start(slot) }
    var slots = Array(0..<width)
    var finished = 0
    while !slots.isEmpty {
      // Only running episodes are asked for, side by side, in the order of their environments.
      for (row, slot) in slots.enumerated() {
        (observations.pointer + row * observationWidth).update(
          from: storage.buffers.observations + slot * observationWidth, count: observationWidth)
      }
      try act(
        observations.pointer, slots.count, slots.map { generators.baseAddress! + $0 }, actions.pointer)
      for (row, slot) in slots.enumerated() { scattered.pointer[slot] = actions.pointer[row] }
      for slot in slots {
        environments.step(slot..<slot + 1, actions: .discrete(scattered.pointer), into: storage.buffers)
        if advance(slot) { finished += 1 }
      }
      slots.removeAll { running[$0] == nil }
      try progress?(finished)
    }
    return EvaluationResult(returns: returns, lengths: lengths, seed: settings.seed)
  }

  /// Begins the next episode of the list, if there is one.
  private func start(_ slot: Int) {
    guard started < settings.episodes else { return }
    running[slot] = Episode(index: started)
    let stream = SeedRange.stream(settings.seed, .episodes) &+ UInt64(started)
    generators[slot] = PCG64(seed: stream)
    environments.reset(
      environment: slot, seed: firstSeed &+ UInt64(started),
      observation: storage.buffers.observations + slot * storage.observationWidth)
    started += 1
  }

  /// Counts the last step; whether it ended its episode.
  private func advance(_ slot: Int) -> Bool {
    guard var episode = running[slot] else { return false }
    episode.total += storage.buffers.rewards[slot]
    episode.length += 1
    guard storage.ended(slot) else {
      running[slot] = episode
      return false
    }
    returns[episode.index] = episode.total
    lengths[episode.index] = episode.length
    running[slot] = nil
    start(slot)
    return true
  }
}
