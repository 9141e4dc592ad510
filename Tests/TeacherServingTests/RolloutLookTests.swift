import Crypto
import Logging
import NIOCore
import RolloutControl
import Synchronization
import Testing
import Wire

@testable import TeacherServing

/// What the service does about a rollout's evidence by itself, on a simulated clock.
@Suite final class RolloutLookTests: Sendable {
  private static let start: Int64 = 1_000_000_000_000_000
  private let now = WallClock(microseconds: RolloutLookTests.start)
  private let store = MemoryStore()
  private let evidence = Mutex<[LoopEvidence]>([])
  /// What happens once while the event loops are asked.
  private let meanwhile = Mutex<(@Sendable () async -> Void)?>(nil)
  private let seen = Mutex<[Catalogue]>([])
  private let rollouts: MemoryRollouts

  init() {
    rollouts = MemoryRollouts(store, clock: now.read)
  }

  private var model: Catalogue.Model? { seen.withLock { $0.last?.models.first } }
  private var stable: UInt64? { model?.aliases.first { $0.alias == "stable" }?.version }

  private func pass(seconds: Double) { now.pass(seconds: seconds) }

  /// Versions 1, which is stable, and 2.
  private func makeModel() async throws {
    for seed in 1...2 as ClosedRange<UInt8> {
      let artefact = MemoryStore.artefact(seed: seed)
      _ = try await store.publish(
        V1.PublishHeader(
          model: "m", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact))),
        artefact: artefact, who: "test")
    }
  }

  private static let plan = """
    candidate: 2
    steps: [5, 50]
    every: 60s
    minimum_episodes: 5
    gates: [kl<0.05]
    watch: 100s
    """

  private func begin(_ plan: String = RolloutLookTests.plan) async throws -> TeacherDirectory {
    try await makeModel()
    _ = try await rollouts.start(
      model: "m", candidate: 2, plan: plan, weightPercent: 5, RolloutChangeRequest(who: "ops", why: ""))
    return try await serve()
  }

  private func serve() async throws -> TeacherDirectory {
    let directory = TeacherDirectory(
      store: store, rollouts: rollouts, settings: .defaults,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: now.read)
    try await directory.start { _ in
      let parts = self.evidence.withLock { parts in
        defer { parts = [] }
        return parts
      }
      await self.meanwhile.withLock { $0.take() }?()
      return parts
    } distribute: { catalogue in
      self.seen.withLock { $0.append(catalogue) }
    }
    return directory
  }

  private func look(_ directory: TeacherDirectory) async {
    for act in await directory.lookAtRollouts() { await act.value }
  }

  /// Episodes of the candidate's, each with sampled rows of that KL, seen and over.
  private func play(_ directory: TeacherDirectory, episodes: Range<UInt64>, kl: Double) async {
    let generation = model?.rollout?.generation ?? 0
    var part = LoopEvidence(generation: generation)
    for episode in episodes {
      part.seen.append(
        LoopEvidence.Sighting(unit: episode, arm: .candidate, nanoseconds: NIODeadline.now().uptimeNanoseconds))
      part.divergences.append(
        UnitDivergence(unit: episode, rows: 10, kl: 10 * kl, agreement: 10, value: 0, errors: 0))
    }
    evidence.withLock { $0.append(part) }
    await look(directory)
    // Past the time after which an episode that nobody reports is taken to be over.
    pass(seconds: 61)
    await look(directory)
  }

  @Test("Evidence that passes takes a rollout step by step to its promotion, and through its watch")
  func promotion() async throws {
    let directory = try await begin()
    await look(directory)
    #expect(model?.rollout?.weightPercent == 5 && model?.rollout?.collects == true)
    await play(directory, episodes: 1..<400, kl: 0.0001)
    #expect(model?.rollout?.weightPercent == 50)
    #expect(rollouts.rollouts[0].step == 1)
    await play(directory, episodes: 400..<800, kl: 0.0001)
    #expect(rollouts.rollouts[0].state == .watching)
    #expect(stable == 2 && model?.rollout?.weightPercent == 100)
    pass(seconds: 101)
    await look(directory)
    #expect(rollouts.rollouts[0].state == .completed)
    #expect(stable == 2 && model?.rollout == nil)
    #expect(rollouts.events.map(\.kind) == ["started", "advanced", "promoted", "completed"])
    #expect(rollouts.events[1].reason.contains("kl<0.05"))
  }

  @Test("Evidence that fails rolls back: the candidate takes nothing more and honours no lease")
  func rollback() async throws {
    let directory = try await begin()
    await look(directory)
    await play(directory, episodes: 1..<100, kl: 0.5)
    #expect(rollouts.rollouts[0].state == .rolledBack)
    #expect(rollouts.rollouts[0].reason.contains("gate kl<0.05 failed"))
    #expect(stable == 1 && model?.rollout == nil && model?.withdrawn == [2])
  }

  @Test("An episode that is played and reported while the event loops are asked counts at the next look")
  func reportDuringALook() async throws {
    let directory = try await begin(
      "candidate: 2\nsteps: [5]\ngates: [return>-5]\nreturn_range: [0, 200]\nminimum_episodes: 5")
    await look(directory)
    var part = LoopEvidence(generation: model?.rollout?.generation ?? 0)
    part.seen.append(
      LoopEvidence.Sighting(unit: 7, arm: .candidate, nanoseconds: NIODeadline.now().uptimeNanoseconds))
    meanwhile.withLock { [part] in
      $0 = {
        try? await directory.report(
          V1.ReportRequest(model: "m", version: 2, episode: 7, episodeReturn: 100, steps: 1))
        self.evidence.withLock { $0.append(part) }
      }
    }
    await look(directory)
    await look(directory)
    let reply = try await directory.rollout(V1.RolloutRequest(model: "m"), who: "test")
    #expect(reply.candidateEpisodes == 1)
  }

  @Test("A version that fails while it is watched gives `stable` back")
  func watch() async throws {
    let directory = try await begin()
    await look(directory)
    await play(directory, episodes: 1..<400, kl: 0)
    await play(directory, episodes: 400..<800, kl: 0)
    #expect(rollouts.rollouts[0].state == .watching && stable == 2)
    await play(directory, episodes: 800..<900, kl: 1)
    #expect(rollouts.rollouts[0].state == .rolledBack && stable == 1)
    #expect(model?.withdrawn == [2])
  }

  @Test("Silence pauses a rollout, and never promotes it")
  func silence() async throws {
    let directory = try await begin()
    for _ in 0..<10 {
      pass(seconds: 60)
      await look(directory)
    }
    #expect(rollouts.rollouts[0].state == .paused)
    #expect(rollouts.rollouts[0].reason.contains("not enough evidence"))
    #expect(model?.rollout?.weightPercent == 5, "what the candidate has it keeps")
  }

  @Test("A rollback that cannot be stored is in force all the same, and is stored as soon as it can be")
  func fullDisk() async throws {
    let directory = try await begin()
    await look(directory)
    rollouts.fail(with: WireStatus(.resourceExhausted, "the disk is full"))
    await play(directory, episodes: 1..<100, kl: 0.5)
    #expect(rollouts.rollouts[0].state == .running)
    #expect(model?.withdrawn == [2] && stable == 1)
    rollouts.fail(with: nil)
    await look(directory)
    #expect(rollouts.rollouts[0].state == .rolledBack)
  }

  @Test("A service that begins anew goes on with the step, the share and the evidence that are stored")
  func resumption() async throws {
    let first = try await begin()
    await look(first)
    await play(first, episodes: 1..<400, kl: 0.0001)
    #expect(rollouts.rollouts[0].step == 1)
    let generation = model?.rollout?.generation ?? 0
    var part = LoopEvidence(generation: generation)
    for episode in 400..<440 as Range<UInt64> {
      part.divergences.append(UnitDivergence(unit: episode, rows: 10, kl: 1.2, agreement: 10))
    }
    evidence.withLock { $0.append(part) }
    await look(first)
    pass(seconds: 2)
    await look(first)
    #expect(rollouts.saves > 0)
    let second = try await serve()
    await look(second)
    #expect(model?.rollout?.weightPercent == 50)
    // The rows of the first service's episodes are enough for the second to decide.
    pass(seconds: 61)
    await look(second)
    #expect(rollouts.rollouts[0].state == .rolledBack)
  }

  @Test("A service that does not control the rollouts shares the traffic, and decides nothing")
  func otherOwner() async throws {
    rollouts.own(nil)
    let directory = try await begin()
    await look(directory)
    #expect(model?.rollout?.weightPercent == 5 && model?.rollout?.collects == false)
    await play(directory, episodes: 1..<100, kl: 0.5)
    #expect(rollouts.rollouts[0].state == .running)
  }

  @Test("An episode counts once, for the version that played it; one that is nobody's counts for nothing")
  func reports() async throws {
    let plan = Self.plan.replacing("kl<0.05", with: "return>-15") + "\nreturn_range: [-10, 10]"
    let directory = try await begin(plan)
    await look(directory)
    var part = LoopEvidence(generation: model?.rollout?.generation ?? 0)
    for (unit, arm) in [(1, .candidate), (2, .stable), (3, .candidate)] as [(UInt64, Arm)] {
      part.seen.append(LoopEvidence.Sighting(unit: unit, arm: arm, nanoseconds: NIODeadline.now().uptimeNanoseconds))
    }
    evidence.withLock { $0.append(part) }
    func report(_ episode: UInt64, _ version: UInt64) async throws {
      _ = try await directory.answer(
        .report(V1.ReportRequest(model: "m", version: version, episode: episode, episodeReturn: 1, steps: 1)),
        who: "test", scopes: .query
      ) { _ in }
    }
    func counted() async throws -> [UInt64] {
      guard
        case .rolloutReply(let reply) = try await directory.answer(
          .rollout(V1.RolloutRequest(model: "m")), who: "test", scopes: .all, send: { _ in })
      else { return [] }
      return [reply.candidateEpisodes, reply.stableEpisodes]
    }
    // Reported before the event loop was asked what began.
    for (episode, version) in [(1, 1), (1, 2), (1, 2), (2, 1), (99, 1), (99, 2)] as [(UInt64, UInt64)] {
      try await report(episode, version)
    }
    await look(directory)
    #expect(try await counted() == [1, 1])
    for (episode, version) in [(1, 2), (2, 1), (3, 1)] as [(UInt64, UInt64)] { try await report(episode, version) }
    await look(directory)
    #expect(try await counted() == [1, 1])
    try await report(3, 2)
    await look(directory)
    #expect(try await counted() == [2, 1])
  }

  @Test("What an operator changed meanwhile stands: a decision that was made on something else is not")
  func staleDecision() async throws {
    let directory = try await begin()
    await look(directory)
    let id = rollouts.rollouts[0].id
    // By another service; this one has not read it.
    _ = try await rollouts.change(id, .promote, RolloutChangeRequest(who: "ops", why: "whatever the gates say"))
    #expect(stable == 1)
    await play(directory, episodes: 1..<100, kl: 0.5)
    #expect(rollouts.rollouts[0].state == .watching && stable == 2)
    #expect(model?.rollout?.weightPercent == 100 && model?.withdrawn == [])
    // It goes on in the watch, on what is seen there.
    await play(directory, episodes: 100..<200, kl: 0.5)
    #expect(rollouts.rollouts[0].state == .rolledBack && stable == 1)
    #expect(rollouts.events.map(\.kind) == ["started", "promoted", "rolled back"])
  }

  @Test("Evidence of an earlier step does not count in the next")
  func generations() async throws {
    let directory = try await begin()
    await look(directory)
    let old = model?.rollout?.generation ?? 0
    await play(directory, episodes: 1..<400, kl: 0)
    #expect(model?.rollout?.generation != old)
    evidence.withLock { parts in
      var part = LoopEvidence(generation: old)
      part.divergences = (400..<500).map { UnitDivergence(unit: $0, rows: 10, kl: 10, agreement: 0) }
      parts.append(part)
    }
    await look(directory)
    pass(seconds: 61)
    await look(directory)
    #expect(rollouts.rollouts[0].state == .running)
  }

  @Test("A candidate that cannot be loaded ends its rollout")
  func brokenCandidate() async throws {
    store.breakVersion(2)
    let directory = try await begin()
    await look(directory)
    #expect(rollouts.rollouts[0].state == .rolledBack)
    #expect(rollouts.rollouts[0].reason.contains("corrupted"))
  }

  @Test("What a rollback returns to stays loaded; what nothing points to is freed when its last lease has ended")
  func leases() async throws {
    try await makeModel()
    for seed in 3...6 as ClosedRange<UInt8> {
      let artefact = MemoryStore.artefact(seed: seed)
      _ = try await store.publish(
        V1.PublishHeader(
          model: "m", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact))),
        artefact: artefact, who: "test")
    }
    _ = try await store.moveAlias(V1.AliasRequest(model: "m", alias: "stable", version: 4), who: "test")
    _ = try await store.moveAlias(V1.AliasRequest(model: "m", alias: "canary", version: 1), who: "test")
    rollouts.hadStable([3, 2])
    let directory = try await serve()
    #expect(model?.loaded.map(\.number) == [1, 2, 3, 4, 5, 6])
    _ = try await store.moveAlias(V1.AliasRequest(model: "m", alias: "canary", version: 4), who: "test")
    store.changeFromOutside { _ in }
    rollouts.leave(1, at: Self.start)
    try await directory.refresh()
    await directory.retire()
    #expect(model?.loaded.map(\.number) == [1, 2, 3, 4, 5, 6])
    #expect(model?.leaseEnds.keys.sorted() == [1])
    pass(seconds: 3601)
    await directory.retire()
    #expect(model?.loaded.map(\.number) == [2, 3, 4, 5, 6])
  }
}

/// A clock that goes on only when it is told to.
private final class WallClock: Sendable {
  private let microseconds: Mutex<Int64>

  init(microseconds: Int64) { self.microseconds = Mutex(microseconds) }

  func pass(seconds: Double) { microseconds.withLock { $0 += Int64(seconds * 1e6) } }

  var read: @Sendable () -> Int64 { { self.microseconds.withLock { $0 } } }
}
