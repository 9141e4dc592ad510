import Environments

/// The returns of episodes as they end, in a vector of environments.
struct EpisodeTracker {
  /// Ended episodes that are remembered.
  static let window = 100

  private var running: [Double]
  /// A ring of the last returns; the next one goes to `episodes % window`.
  private var recent: [Double] = []
  private(set) var episodes = 0

  init(environments: Int) {
    running = Array(repeating: 0, count: environments)
    recent.reserveCapacity(Self.window)
  }

  /// Mean return of the last `window` ended episodes, or of those that there are; nil before the first.
  var meanReturn: Double? { meanReturn(last: min(episodes, Self.window)) }

  /// Mean return of the last `count` ended episodes; nil before there are as many.
  func meanReturn(last count: Int) -> Double? {
    guard count > 0, episodes >= count, count <= Self.window else { return nil }
    var sum = 0.0
    for back in 1...count { sum += recent[(episodes - back) % Self.window] }
    return sum / Double(count)
  }

  mutating func add(_ range: Range<Int>, _ buffers: StepBuffers) {
    for index in range {
      running[index] += buffers.rewards[index]
      if buffers.terminated[index] | buffers.truncated[index] != 0 { end(index) }
    }
  }

  private mutating func end(_ index: Int) {
    if recent.count < Self.window {
      recent.append(running[index])
    } else {
      recent[episodes % Self.window] = running[index]
    }
    running[index] = 0
    episodes += 1
  }
}
