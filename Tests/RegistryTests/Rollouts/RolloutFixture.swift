import Synchronization
import TestSupport

@testable import Registry

/// A clock that moves when it is told to.
final class TestClock: Sendable {
  private let time = Mutex<Int64>(1_700_000_000_000_000)

  var now: Int64 { time.withLock { $0 } }

  func advance(seconds: Int64) {
    time.withLock { $0 += seconds * 1_000_000 }
  }
}

/// Model `m` with versions 1 to 4, of which 1 is stable, under a clock of its own.
struct RolloutFixture {
  static let plan = "steps: [1, 5, 25]\n# kept as it is\n"

  let clock: TestClock
  let files: RegistryFixture

  var registry: ModelRegistry { files.registry }

  init() throws {
    let clock = TestClock()
    self.clock = clock
    files = try RegistryFixture(clock: { clock.now })
    for salt in 1...4 as ClosedRange<UInt8> {
      _ = try files.registry.publish(.sample(), artefact: artefact(100, salt: salt), who: "ann")
    }
  }

  /// The same file by a connection of its own, under the same clock.
  func another() throws -> ModelRegistry {
    let clock = clock
    return try ModelRegistry.open(path: files.path, mode: .existing, clock: { clock.now })
  }

  func start(_ candidate: UInt64 = 2, requestID: String? = nil) throws -> RolloutRecord {
    try registry.startRollout(
      model: "m", plan: Self.plan, candidate: candidate, firstWeight: 1, who: "ann", why: "try it",
      requestID: requestID)
  }

  /// A rollout of version 2 that has come to `state`.
  func rollout(in state: RolloutState) throws -> RolloutRecord {
    let started = try start()
    let changes: [RolloutChange]
    switch state {
    case .running: changes = []
    case .paused: changes = [.pause]
    case .watching: changes = [.promote]
    case .completed: changes = [.promote, .complete]
    case .aborted: changes = [.abort]
    case .rolledBack: changes = [.rollBack]
    }
    return try changes.reduce(started) { try change($0, to: $1) }
  }

  @discardableResult
  func change(
    _ rollout: RolloutRecord, to change: RolloutChange, expecting revision: Int64? = nil, fence: Int64? = nil,
    requestID: String? = nil
  ) throws -> RolloutRecord {
    try registry.changeRollout(
      id: rollout.id, expecting: revision, fence: fence, to: change, who: "bob", why: "because", requestID: requestID)
  }

  func stable() throws -> UInt64 { try registry.resolve(model: "m").number }

  /// How `body` was refused (nil: it was not), and whether the registry is as it was.
  func refusal(_ body: () throws -> Void) throws -> (error: RegistryError?, changedNothing: Bool) {
    let before = try files.picture()
    let error = registryError(body)
    return (error, try files.picture() == before)
  }
}
