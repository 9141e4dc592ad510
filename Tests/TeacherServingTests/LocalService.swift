import Crypto
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// A whole service in the test's own process, on real sockets.
enum LocalService {
  static func run<Answer: Sendable>(
    _ store: any VersionStore, rollouts: (any RolloutStore)? = nil, eventLoops: Int = 1,
    settings: ServingSettings = .defaults,
    gate: any Gatekeeper = OpenGate(), logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: (TeacherServer) async throws -> Answer
  ) async throws -> Answer {
    var settings = settings
    // A test that runs beside others, on a slow machine, may come to say Hello late.
    settings.server.helloTimeout = .minutes(1)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: eventLoops)
    let server = try await TeacherServer.start(
      store: store, rollouts: rollouts, group: group,
      entrance: TeacherServer.Entrance([.tcp(host: "127.0.0.1", port: 0)], gate: gate), settings: settings,
      logger: logger)
    do {
      let answer = try await body(server)
      await server.drain(within: .seconds(20))
      try await group.shutdownGracefully()
      return answer
    } catch {
      await server.drain(within: .seconds(0))
      try await group.shutdownGracefully()
      throw error
    }
  }

  /// Makes the policy of a seed the next version of model "m".
  static func publish(_ seed: UInt8, on server: TeacherServer) async throws {
    let client = try await TeacherClient.connect(to: "127.0.0.1:\(server.addresses[0].port ?? 0)")
    let artefact = MemoryStore.artefact(seed: seed)
    _ = try await client.publish(
      V1.PublishHeader(model: "m", sha256: Array(SHA256.hash(data: artefact))), artefact: artefact)
    await client.close()
  }

  /// Returns when no connection but so many is open, and no row waits: nothing was leaked.
  static func untilIdle(_ server: TeacherServer, connections: Int = 0) async throws {
    while true {
      let now = await server.measured()
      if now.loops.connections.open == connections, now.queuedRows == 0 { return }
      try await pause()
    }
  }
}

/// A client of a service that others try to harm: it asks all the while, and every answer has to be right.
struct Bystander: Sendable {
  struct Seen: Sendable {
    var answered = 0
    /// Answers that were wrong, and calls that failed.
    var lost: [String] = []
  }

  static let observations: [Float] = [0.1, -0.2, 0.3, -0.4, 3, 2, 1, 0]

  /// Runs `body` while a client asks; the client asks some more afterwards.
  static func watch(
    _ server: TeacherServer, seed: UInt64 = 1, _ body: @Sendable () async throws -> Void
  ) async throws -> Seen {
    let expected = Policies.answers(try Policies.make(seed: seed), observations)
    let client = try await TeacherClient.connect(to: "127.0.0.1:\(server.addresses[0].port ?? 0)")
    let isOver = Signal()
    return try await withThrowingTaskGroup(of: Seen.self) { group in
      group.addTask {
        var seen = Seen()
        var left = 20
        while left > 0 {
          if isOver.isRaised { left -= 1 }
          do {
            let reply = try await client.infer(query(observations))
            if reply.outputs != expected.outputs || reply.values != expected.values { seen.lost.append("\(reply)") }
            seen.answered += 1
          } catch {
            seen.lost.append("\(error)")
            if seen.lost.count > 3 { break }
          }
        }
        await client.close()
        return seen
      }
      do {
        try await body()
      } catch {
        isOver.raise()
        throw error
      }
      isOver.raise()
      return try await group.next() ?? Seen()
    }
  }
}

/// Lets others run before a condition is looked at again; throws where the test's time is over.
func pause() async throws {
  try Task.checkCancellation()
  await Task.yield()
}
