import Environments
import StudentTraining
import Synchronization
import Wire

/// Clients that play CartPole with whatever answers, many episodes side by side: each keeps to the version that began it,
/// acts greedily, and reports what it returned.
///
/// Episodes begin one after the other, so that they end spread over time.
final class CartPolePlayers: Sendable {
  private static let environment = "CartPole-v1"
  private static let atOnce = 128

  private let port: UInt16
  private let sent = Mutex<[(at: ContinuousClock.Instant, version: UInt64)]>([])
  private let running = Mutex<Int>(0)
  let isOver = Latch()

  init(port: UInt16) {
    self.port = port
  }

  /// When reports of a version's episodes were sent, from a time on, in their order.
  func reports(of version: UInt64, since began: ContinuousClock.Instant) -> [ContinuousClock.Instant] {
    sent.withLock { $0.filter { $0.version == version && $0.at >= began }.map(\.at) }
  }

  /// All environments are in an episode.
  var isWarm: Bool { running.withLock { $0 == Self.atOnce } && sent.withLock { !$0.isEmpty } }

  private struct Episode {
    var id: UInt64
    var version: UInt64 = 0
    var isMoved = false
    var total = 0.0
    var length: UInt64 = 0

    init() { id = .random(in: 1 ... .max) }
  }

  /// Plays until ``isOver``, and blocks its thread.
  func play() throws {
    let pipeline = try CallPipeline(port: port)
    let environments = try EnvironmentCatalog.make(id: Self.environment, count: Self.atOnce)
    let storage = StepStorage(for: environments)
    environments.reset(seed: 1, observations: storage.buffers.observations)
    var episodes: [Episode] = []
    var actions = [Int32](repeating: 0, count: Self.atOnce)
    var steps = 0
    while !isOver.isSet {
      // The longest episode has 500 steps: in so many all of them begin.
      if episodes.count < Self.atOnce, steps.isMultiple(of: 4) {
        episodes.append(Episode())
        running.withLock { $0 = episodes.count }
      }
      steps += 1
      let replies = try pipeline.infer(
        episodes.enumerated().map { slot, episode in
          RolloutScene.query(storage.observation(slot), episode: episode.id, lease: episode.version)
        })
      for (slot, reply) in replies.enumerated() {
        if reply.leaseMoved { episodes[slot].isMoved = true }
        episodes[slot].version = reply.version
        actions[slot] = reply.outputs[1] > reply.outputs[0] ? 1 : 0
      }
      actions.withUnsafeBufferPointer { actions in
        environments.step(0..<episodes.count, actions: .discrete(actions.baseAddress!), into: storage.buffers)
      }
      var reports: [V1.ReportRequest] = []
      for slot in episodes.indices {
        episodes[slot].total += storage.buffers.rewards[slot]
        episodes[slot].length += 1
        guard storage.ended(slot) else { continue }
        let episode = episodes[slot]
        episodes[slot] = Episode()
        // What two versions played says nothing of either.
        guard !episode.isMoved else { continue }
        reports.append(
          V1.ReportRequest(
            model: RolloutScene.model, version: episode.version, episode: episode.id, episodeReturn: episode.total,
            steps: episode.length))
      }
      guard !reports.isEmpty else { continue }
      let now = ContinuousClock.now
      sent.withLock { sent in sent += reports.map { (now, $0.version) } }
      try pipeline.report(reports)
    }
  }
}
