import Crypto
import Logging
import NIOCore
import NIOPosix
import TeacherServing
import TestSupport
import Testing
import Wire

/// Networks that are computed beside the event loop, on real threads: run under ThreadSanitizer, these see whether the
/// loop and the compute thread keep to their parts of a batch.
@Suite struct ComputeThreadTests {
  private func serve(_ body: (TeacherServer) async throws -> Void) async throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let server = try await TeacherServer.start(
      store: MemoryStore(), group: group, entrance: TeacherServer.Entrance([.tcp(host: "127.0.0.1", port: 0)]),
      settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let client = try await TeacherClient.connect(to: "127.0.0.1:\(server.addresses[0].port ?? 0)")
    let artefact = MemoryStore.artefact(seed: 1)
    let header = V1.PublishHeader(
      model: "m", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact)))
    _ = try await client.publish(header, artefact: artefact)
    await client.close()
    try await body(server)
    await server.drain(within: .seconds(20))
    try await group.shutdownGracefully()
  }

  /// Queries of which every third is given up at once, and every fifth has a deadline that passes while others are
  /// computed.
  private func session(queries: Int) -> [V1.Frame] {
    [V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "raw")))]
      + (1...queries).flatMap { number in
        let rows = 1 + number % 20
        var request = query([Float](repeating: Float(number), count: rows * 4))
        if number % 5 == 0 { request.deadlineMicroseconds = UInt64(1 + number % 200) }
        if number % 7 == 0 {
          request.actionMode = .greedy
          request.want = .actions
        }
        let call = UInt32(number)
        let asked = V1.Frame(call: call, .infer(request))
        return number % 3 == 0 ? [asked, V1.Frame(call: call, .cancel)] : [asked]
      }
  }

  @Test("Queries that end while their batch is computed are answered once, and so are the others")
  func endedWhileComputed() async throws {
    let queries = 600
    let policy = try Policies.make(seed: 1)
    try await serve { server in
      var codec = FrameCodec()
      let asked = session(queries: queries).flatMap { codec.bytes(of: $0) }
      let goAway = codec.bytes(of: V1.Frame(.goAway(V1.GoAway(lastCall: 0, status: WireStatus(.ok, "")))))
      let address = server.addresses[0]
      let received = try await withThrowingTaskGroup(of: [UInt8]?.self) { group -> [[UInt8]] in
        for _ in 0..<4 {
          group.addTask { try await RawConnection.say(asked + goAway, to: address, ending: false) }
          // Ends its own side with its queries under way, and waits for the answers.
          group.addTask { try await RawConnection.say(asked, to: address) }
          // Is gone with its queries under way: they are abandoned.
          group.addTask {
            let session = try await RawSession.connect(to: address, reads: false)
            try await session.send(bytes: asked)
            await session.reset()
            return nil
          }
        }
        return try await group.reduce(into: [[UInt8]]()) { if let bytes = $1 { $0.append(bytes) } }
      }
      #expect(received.count == 8)
      for bytes in received {
        let answers = try RawConnection.frames(bytes).filter { $0.call > 0 }
        #expect(answers.count == queries && Set(answers.map(\.call)).count == queries)
        for answer in answers where answer.call % 7 != 0 {
          guard let reply = answer.body.inferReply else { continue }
          let row = [Float](repeating: Float(answer.call), count: 4)
          #expect(Array(reply.outputs.prefix(2)) == Policies.answers(policy, row).outputs)
        }
      }
    }
  }
}
