import Foundation
import RolloutControl
import StudentTraining
import Synchronization
import Wire

/// Episodes of several queries each, played while candidates are started, promoted and swapped: whether any is answered
/// by two versions.
struct LeaseMeasure: WireMeasure {
  private static let episodes = 10_000
  private static let queries = 8
  private static let players = 4
  /// Of each player, side by side.
  private static let atOnce = 125

  let names = ["leases, 10,000 episodes across promotions: saw two versions"]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try [1, 2].map { try BenchNetwork.small.policy(seed: $0) }
    return try await RolloutScene.served(policies) { scene in
      let changes = Changes()
      let isOver = Latch()
      let (_, seen) = try await running({ try await Self.change(scene, changes, until: isOver) }, until: isOver) {
        try await withThrowingTaskGroup(of: Seen.self) { group in
          for _ in 0..<Self.players {
            group.addTask { try await onOwnThread { try Self.play(changes, port: scene.teacher.port) } }
          }
          return try await group.reduce(into: Seen()) { $0 += $1 }
        }
      }
      return [
        .rollout(
          names[0], Double(seen.moved), unit: "episodes", target: .atMost(0),
          details: [
            "promotions": Double(changes.promotions), "moves of stable": Double(changes.moves),
            "episodes": Double(seen.episodes),
            "across a change":
              Double(seen.across), "episodes of version 2": Double(seen.ofSecond),
          ])
      ]
    }
  }

  // MARK: Changes

  private final class Changes: Sendable {
    private let promoted = Atomic<Int>(0)
    private let moved = Atomic<Int>(0)

    var promotions: Int { promoted.load(ordering: .acquiring) }
    var moves: Int { moved.load(ordering: .acquiring) }
    var count: Int { promotions + moves }
    func promote() { promoted.add(1, ordering: .acquiringAndReleasing) }
    func move() { moved.add(1, ordering: .acquiringAndReleasing) }
  }

  /// Promotes what is not stable, and then moves `stable` back and forth by hand, again and again.
  private static func change(_ scene: RolloutScene, _ changes: Changes, until isOver: Latch) async throws {
    var stable: UInt64 = 1
    while !isOver.isSet {
      let other = 3 - stable
      _ = try await scene.start(RolloutPlan(candidate: other, steps: [50], every: 3600, gates: [], watch: 0))
      try await Task.sleep(for: .milliseconds(20))
      try await scene.steer(.promote)
      changes.promote()
      // The next one can begin when the service has found that this one's watch, of no time, is over.
      while try await scene.steer(.status).state == "watching" { try await Task.sleep(for: .milliseconds(5)) }
      for target in [stable, other] {
        try await scene.moveStable(to: target)
        changes.move()
        try await Task.sleep(for: .milliseconds(10))
      }
      stable = other
    }
  }

  // MARK: Episodes

  private struct Seen: Sendable {
    var episodes = 0
    var moved = 0
    var across = 0
    var ofSecond = 0

    static func += (all: inout Seen, more: Seen) {
      all.episodes += more.episodes
      all.moved += more.moved
      all.across += more.across
      all.ofSecond += more.ofSecond
    }
  }

  private struct Episode {
    let id = UInt64.random(in: 1 ... .max)
    let changesBefore: Int
    var version: UInt64 = 0
    var isMoved = false
  }

  private static func play(_ changes: Changes, port: UInt16) throws -> Seen {
    let pipeline = try CallPipeline(port: port)
    let observation = BenchNetwork.small.observations(rows: 1)
    var seen = Seen()
    while seen.episodes < episodes / players {
      var open = (0..<atOnce).map { _ in Episode(changesBefore: changes.count) }
      for _ in 0..<queries {
        let replies = try pipeline.infer(
          open.map { RolloutScene.query(observation, episode: $0.id, lease: $0.version) })
        for (index, reply) in replies.enumerated() {
          if reply.leaseMoved || open[index].version != 0 && reply.version != open[index].version {
            open[index].isMoved = true
          }
          open[index].version = reply.version
        }
        // As a client that steps its environments meanwhile.
        Thread.sleep(forTimeInterval: 0.005)
      }
      seen.episodes += open.count
      seen.moved += open.count { $0.isMoved }
      seen.ofSecond += open.count { $0.version == 2 }
      let now = changes.count
      seen.across += open.count { $0.changesBefore < now }
    }
    return seen
  }
}
