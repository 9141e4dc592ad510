import Crypto
import NIOCore
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// A valid session, damaged at every place where it can be.
@Suite(.timeLimit(.minutes(1))) struct CorruptSessionTests {
  private let store = MemoryStore()

  /// Every kind of frame that a client sends.
  private static func session(_ artefact: [UInt8]) -> [UInt8] {
    var extras = query([1, 2, 3, 4, 5, 6, 7, 8])
    (extras.want, extras.actionMode, extras.actionSeed) = ([.outputs, .actions], .sampled, 7)
    (extras.deadlineMicroseconds, extras.leaseVersion, extras.minimumVersion) = (1_000_000, 1, 1)
    return RawConnection.bytes(
      V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "cut"))),
      V1.Frame(call: 1, .infer(query([1, 2, 3, 4]))), V1.Frame(call: 2, .infer(extras)), V1.Frame(.ping(9)),
      V1.Frame(call: 3, .health(V1.HealthRequest(model: "m", watch: true))), V1.Frame(call: 3, .cancel),
      V1.Frame(call: 4, .describe(V1.DescribeRequest(model: "m"))),
      V1.Frame(
        call: 5,
        .publish(
          V1.PublishHeader(
            model: "cut", artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact))))),
      V1.Frame(call: 5, .chunk(V1.Chunk(data: Array(artefact.prefix(30))))),
      V1.Frame(call: 6, .fetch(V1.FetchRequest(model: "m"))),
      V1.Frame(call: 5, .chunk(V1.Chunk(offset: 30, data: Array(artefact.dropFirst(30))))))
  }

  @Test("Cut at every byte, by an end or a half end, it costs its own connection, and stores nothing")
  func cutEverywhere() async throws {
    let session = Self.session(MemoryStore.artefact(seed: 9, bytes: 40))
    try await LocalService.run(store) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        for cut in 0..<session.count {
          let bytes = Array(session[..<cut])
          // A half end is answered by the server's own, as far as it has got; an end is not waited for.
          _ = try await RawConnection.say(bytes, to: server.addresses[0])
          let raw = try await RawSession.connect(to: server.addresses[0])
          try await raw.send(bytes: bytes)
          if cut % 2 == 0 { await raw.reset() } else { await raw.close() }
        }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      #expect(store.publishes == 1)
      try await LocalService.untilIdle(server)
      // With the publisher's two, and the bystander's.
      #expect(await server.measured().loops.connections.accepted == UInt64(2 * session.count + 3))
    }
  }

  @Test("With any byte of it changed, it is answered or refused, and nobody else notices")
  func flippedEverywhere() async throws {
    let session = Self.session(MemoryStore.artefact(seed: 9, bytes: 40))
    try await LocalService.run(store) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        for place in session.indices {
          for mask in [0xff, 1 << UInt8(place % 8)] as [UInt8] {
            var bytes = session
            bytes[place] ^= mask
            // Whatever it has become, the end of what is sent ends it.
            _ = try await RawConnection.say(bytes, to: server.addresses[0])
          }
        }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      // What got through is whole: an artefact with its SHA-256.
      for version in store.stored.flatMap(\.versions) { #expect([1, 9].contains(version.createdMicroseconds)) }
      try await LocalService.untilIdle(server)
    }
  }

  @Test("100,000 random frames, in frames' clothes and without, end no connection but their own")
  func randomFrames() async throws {
    var settings = ServingSettings.defaults
    settings.server.limits.frameBytesMax = 4096
    try await LocalService.run(store, eventLoops: 2, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        let sent = try await withThrowingTaskGroup(of: Int.self) { group in
          for worker in 0..<4 as Range<UInt64> {
            group.addTask {
              var garbage = Garbage(seed: worker, worker: worker)
              return try await garbage.send(25_000, to: server.addresses[0])
            }
          }
          return try await group.reduce(0, +)
        }
        #expect(sent == 100_000)
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      try await LocalService.untilIdle(server)
      let loops = await server.measured().loops
      #expect(loops.connections.framesRefused.total > 100)
    }
  }

  /// Random frames of a seed: of random bytes, of random protobuf fields, and valid ones with some of their bytes changed.
  private struct Garbage {
    private var random: SeededGenerator
    private let worker: UInt64
    private var call: UInt32 = 0

    init(seed: UInt64, worker: UInt64) {
      random = SeededGenerator(seed: seed &* 77 &+ 1)
      self.worker = worker
    }

    /// Sends so many frames, many on a connection where it survives them.
    mutating func send(_ count: Int, to address: SocketAddress) async throws -> Int {
      var sent = 0
      while sent < count {
        // Half of the connections never say Hello.
        var bytes = random.next() % 2 == 0 ? [] : RawConnection.bytes(V1.Frame(.hello(V1.Hello(protocolNumber: 1))))
        let frames = min(count - sent, 200)
        call = 0
        for _ in 0..<frames { bytes += frame() }
        _ = try await RawConnection.say(bytes, to: address)
        sent += frames
      }
      return sent
    }

    private mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: random.next()) }
    private mutating func bytes(_ most: UInt64) -> [UInt8] { (0..<random.next() % most).map { _ in byte() } }

    private mutating func frame() -> [UInt8] {
      call += 1
      switch random.next() % 100 {
      case 0: return bytes(60)
      case 1..<3: return framed(bytes(60))
      case 3..<50: return framed(fields(depth: 2))
      default:
        var valid = RawConnection.bytes(V1.Frame(call: call, body()))
        // Mostly within the payload: a connection whose framing is lost is lost.
        let first = random.next() % 200 == 0 ? 0 : FrameHeader.byteCount
        if random.next() % 4 == 0, valid.count > first {
          valid[first + Int(random.next() % UInt64(valid.count - first))] = byte()
        }
        return valid
      }
    }

    private func framed(_ payload: [UInt8]) -> [UInt8] {
      [0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    private mutating func body() -> V1.Body {
      switch random.next() % 12 {
      case 0: .ping(random.next())
      case 1: .health(V1.HealthRequest(model: "m", watch: random.next() % 2 == 0))
      case 2: .cancel
      case 3: .fetch(V1.FetchRequest(model: "m", version: random.next() % 3))
      case 4: .publish(V1.PublishHeader(model: "m", artefactBytes: random.next() % 100))
      case 5: .chunk(V1.Chunk(offset: random.next() % 100, data: bytes(50)))
      case 6: .alias(V1.AliasRequest(model: "none", alias: "a", version: random.next() % 3))
      default:
        .infer(
          V1.InferRequest(
            model: random.next() % 8 == 0 ? "x" : "m", rows: Int(random.next() % 3), observations: bytes(40),
            version: random.next() % 3, deadlineMicroseconds: random.next() % 2 == 0 ? 0 : random.next(),
            want: V1.Wanted(rawValue: UInt32(random.next() % 20))))
      }
    }

    /// A message of random fields, some of which are messages again.
    private mutating func fields(depth: Int) -> [UInt8] {
      var message: [UInt8] = []
      for _ in 0..<random.next() % 4 {
        let (number, kind) = (UInt8(random.next() % 15 + 1), UInt8(random.next() % 6))
        message.append(number << 3 | kind)
        switch kind {
        case 0: message += [byte() | 0x80, byte() & 0x7f]
        case 1: message += (0..<8).map { _ in byte() }
        case 2:
          let inner = depth > 0 ? fields(depth: depth - 1) : bytes(20)
          message += [UInt8(min(inner.count, 127))] + inner.prefix(127)
        case 5: message += (0..<4).map { _ in byte() }
        default: break
        }
      }
      return message
    }
  }
}
