import Foundation
import GRDB
import ModelStore
import Registry
import TestSupport
import Testing
import Wire

/// A service that is killed (SIGKILL) again and again while it is told to change its registry.
@Suite(.timeLimit(.minutes(2))) struct KilledServiceTests {
  private let folder: TemporaryFolder
  private let registry: String
  /// Asks again until the service is back.
  private let configuration = ClientConfiguration(
    reconnect: Backoff(initial: .milliseconds(5), maximum: .milliseconds(20)), timeout: .seconds(30),
    waitForReady: true,
    retries: RetryPolicy(attempts: 1000, backoff: Backoff(initial: .milliseconds(2), maximum: .milliseconds(10))))

  init() throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
  }

  /// How a publish meets its end.
  private enum Kill: Int, CaseIterable {
    /// After part of its bytes.
    case cut
    /// At some moment after its last byte.
    case afterwards
    /// At some moment of a client's call, which asks again by itself when the service is back.
    case inACall
  }

  /// A publish that was interrupted.
  private struct Pending: Sendable {
    let number: Int
    let policy: NumberedPolicy
    /// nil: nobody asks again by himself.
    var call: Task<V1.PublishReply, any Error>?

    var header: V1.PublishHeader { policy.header(model: "m", requestID: "publish \(number)") }
  }

  /// Small ones, and some of several rows in the registry.
  private static func policy(_ number: Int) throws -> NumberedPolicy {
    try NumberedPolicy(number, hidden: number % 8 == 0 ? [512, 512] : [])
  }

  @Test("Of 200 publishes, two at a time interrupted by a kill and asked again, each is there once, and nothing else")
  func publishes() async throws {
    let count = 200
    var random = SeededGenerator(seed: 7)
    var listen = "127.0.0.1:0"
    var pending: [Pending] = []
    var client: TeacherClient?
    for first in stride(from: 1, through: count + 1, by: 2) {
      let (before, clientBefore) = (pending, client)
      let draws = (0..<2).map { _ in Double.random(in: 0..<1, using: &random) }
      let ended = try await RunningTeacher.serve(registry: registry, listen: listen, endsInBody: first <= count) {
        teacher in
        let client =
          if let clientBefore { clientBefore } else {
            try await TeacherClient.connect(to: teacher.address, configuration: configuration)
          }
        for interrupted in before { try await complete(interrupted, client) }
        if !before.isEmpty { try await look(first - 1, client) }
        guard first <= count else { return (teacher.address, client, [Pending]()) }
        var next: [Pending] = []
        for (number, draw) in zip(first..., draws) {
          next.append(try await begin(number, draw, client, teacher, isLast: number > first))
        }
        teacher.send(SIGKILL)
        return (teacher.address, client, next)
      }
      #expect(ended.code == (first <= count ? -SIGKILL : 0), "\(ended.log)")
      (listen, client, pending) = ended.answer
    }
    await client?.close()

    let store = try PolicyStore(path: registry, mode: .readOnly)
    let versions = try store.registry.versions(of: "m")
    #expect(versions.map(\.number) == (1...count).map { UInt64($0) })
    for number in 1...count {
      let made = try store.registry.published(requestID: "publish \(number)")
      let isSame = try made?.sha256.bytes == Self.policy(number).sha256
      try #require(isSame, "publish \(number) made \(made?.number ?? 0)")
    }
    #expect(Set(versions.map(\.sha256)).count == count)
    #expect(try store.verify().allSatisfy { $0.problem == nil }, "bytes, golden rows, aliases, pages")
    let counts = try await DatabaseQueue(path: registry).read { db in
      try ["artefacts", "requests", "artefact_chunks WHERE artefact NOT IN (SELECT artefact FROM versions)"].map {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)")
      }
    }
    #expect(counts == [count, count, 0], "nothing is staged any more")
  }

  /// Asks again.
  private func complete(_ pending: Pending, _ client: TeacherClient) async throws {
    let reply =
      if let call = pending.call { try await call.value } else {
        try await client.publish(pending.header, artefact: pending.policy.artefact)
      }
    try #require(reply.sha256 == pending.policy.sha256)
    if pending.number % 5 == 0 {
      let again = try await client.publish(pending.header, artefact: pending.policy.artefact)
      #expect(again == reply, "the same request, the same answer")
    }
  }

  /// Sees that exactly what was acknowledged is shown.
  private func look(_ acknowledged: Int, _ client: TeacherClient) async throws {
    let versions = try await client.listModels().first?.versions ?? []
    try #require(versions.map(\.number) == (1...UInt64(acknowledged)).map { $0 })
    #expect(!versions.contains { $0.state == .failed })
  }

  /// - Parameters:
  ///   - draw: 0 up to 1: how far the publish gets.
  ///   - isLast: the kill comes next, and at the right moment for it.
  private func begin(
    _ number: Int, _ draw: Double, _ client: TeacherClient, _ teacher: RunningTeacher, isLast: Bool
  ) async throws -> Pending {
    var pending = Pending(number: number, policy: try Self.policy(number))
    let artefact = pending.policy.artefact
    // About as long as the service takes for it, and a little more.
    let moment = Duration.milliseconds(10 + artefact.count / 8_000) * draw
    let kind = Kill.allCases[number / 2 % Kill.allCases.count]
    switch kind {
    case .cut:
      let bytes = Self.session(pending.header, artefact)
      let session = try await RawSession.connect(to: try teacher.socketAddress)
      try await session.send(bytes: Array(bytes[..<Int(Double(bytes.count) * draw)]))
    case .afterwards:
      let session = try await RawSession.connect(to: try teacher.socketAddress)
      try await session.send(bytes: Self.session(pending.header, artefact))
    case .inACall:
      pending.call = Task { [header = pending.header] in try await client.publish(header, artefact: artefact) }
    }
    if isLast, kind != .cut { try await Task.sleep(for: moment) }
    return pending
  }

  private static func session(_ header: V1.PublishHeader, _ artefact: [UInt8]) -> [UInt8] {
    var header = header
    header.artefactBytes = UInt64(artefact.count)
    var frames = [V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "cut"))), V1.Frame(call: 1, .publish(header))]
    for start in stride(from: 0, to: artefact.count, by: WireLimits.chunkBytesMax) {
      let piece = artefact[start..<min(start + WireLimits.chunkBytesMax, artefact.count)]
      frames.append(V1.Frame(call: 1, .chunk(V1.Chunk(offset: UInt64(start), data: Array(piece)))))
    }
    return RawConnection.bytes(of: frames)
  }

  @Test("Moves of an alias that are interrupted by kills and asked again are made once, and answered the same")
  func moves() async throws {
    let store = try PolicyStore(path: registry, mode: .create)
    for number in 1...3 { _ = try store.publish(NumberedPolicy(number).policy, model: "m", who: "test") }
    let count = 40
    var random = SeededGenerator(seed: 11)
    var listen = "127.0.0.1:0"
    var client: TeacherClient?
    var pending: Task<V1.AliasReply, any Error>?
    for number in 1...count + 1 {
      let (before, clientBefore) = (pending, client)
      let moment = Duration.milliseconds(8) * Double.random(in: 0..<1, using: &random)
      let ended = try await RunningTeacher.serve(registry: registry, listen: listen, endsInBody: number <= count) {
        teacher in
        let client =
          if let clientBefore { clientBefore } else {
            try await TeacherClient.connect(to: teacher.address, configuration: configuration)
          }
        if let before {
          let reply = try await before.value
          #expect(reply == Self.expected(number - 1))
          #expect(try await client.alias(Self.request(number - 1)) == reply)
        }
        guard number <= count else { return (teacher.address, client, nil as Task<V1.AliasReply, any Error>?) }
        let call = Task { try await client.alias(Self.request(number)) as V1.AliasReply }
        try await Task.sleep(for: moment)
        teacher.send(SIGKILL)
        return (teacher.address, client, call)
      }
      (listen, client, pending) = ended.answer
    }
    await client?.close()
    let changes = try store.registry.history(of: "m").dropFirst()
    #expect(changes.map(\.to) == (1...count).map { Self.expected($0).to })
    #expect(try store.registry.aliases(of: "m").map(\.version) == [Self.expected(count).to])
  }

  /// To 2, 3, 1, 2...
  private static func request(_ number: Int) -> V1.AliasRequest {
    V1.AliasRequest(model: "m", alias: "stable", version: UInt64(number % 3 + 1), requestID: "move \(number)")
  }

  private static func expected(_ number: Int) -> V1.AliasReply {
    V1.AliasReply(from: UInt64((number - 1) % 3 + 1), to: UInt64(number % 3 + 1))
  }
}
