import NIOCore
import NIOPosix
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// Clients that keep to the framing and to nothing else.
@Suite(.timeLimit(.minutes(1))) struct HostileClientTests {
  private let store = MemoryStore()

  private func greet(_ server: TeacherServer, reads: Bool = true) async throws -> RawSession {
    let session = try await RawSession.greet(server.addresses[0], reads: reads)
    if reads { _ = await session.next() }
    return session
  }

  private func code(_ frame: V1.Frame?) -> WireStatus.Code? {
    switch frame?.body {
    case .goAway(let goAway): goAway.status.code
    case .status(let status): status.code
    default: nil
    }
  }

  @Test("1,000 senders of one byte at a time are answered like everybody else")
  func oneByteAtATime() async throws {
    try await LocalService.run(store) { server in
      try await LocalService.publish(1, on: server)
      let bytes = RawConnection.bytes(V1.Frame(call: 1, .infer(query(Bystander.observations))))
      let expected = Policies.answers(try Policies.make(seed: 1), Bystander.observations).outputs
      let seen = try await Bystander.watch(server) {
        var sessions: [RawSession] = []
        for _ in 0..<1000 { sessions.append(try await greet(server)) }
        for index in bytes.indices {
          for session in sessions { session.post(bytes: [bytes[index]]) }
          // So that the bytes of a round are not one read.
          try await sessions[sessions.count - 1].send(bytes: [])
        }
        var right = 0
        for session in sessions {
          if await session.next()?.body.inferReply?.outputs == expected { right += 1 }
          await session.close()
        }
        #expect(right == 1000)
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      try await LocalService.untilIdle(server)
    }
  }

  @Test("A peer that has vanished is noticed by its silence; one that answers stays")
  func halfOpen() async throws {
    var settings = ServingSettings.defaults
    settings.server.keepaliveTime = .milliseconds(200)
    // Long enough for the bystander, on whatever machine.
    settings.server.keepaliveTimeout = .seconds(3)
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        // They read nothing and answer nothing, as if their machines had lost power.
        var gone: [RawSession] = []
        for _ in 0..<50 { gone.append(try await greet(server, reads: false)) }
        try await LocalService.untilIdle(server, connections: 1)
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      #expect(await server.measured().loops.connections.closed[.silent] == 50)
    }
  }

  @Test("Clients that never read are not read from either: what the service holds for them is bounded")
  func neverRead() async throws {
    var settings = ServingSettings.defaults
    settings.server.unsentBytesMax = 64 << 10
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      // 4 KB that ask for 44 KB.
      let request = V1.InferRequest(
        model: "m", rows: 1000, observations: [UInt8](repeating: 3, count: 4000), elementType: .uint8,
        want: [.outputs, .values, .features], featuresLayer: "policy.0")
      let calls = (1...1000 as ClosedRange<UInt32>).map { V1.Frame(call: $0, .infer(request)) }
      let bytes = RawConnection.bytes(of: calls)
      let seen = try await Bystander.watch(server) {
        var sessions: [RawSession] = []
        for _ in 0..<4 {
          let session = try await greet(server, reads: false)
          session.post(bytes: bytes)
          sessions.append(session)
        }
        // Read from until it stands still.
        var read: UInt64 = 0
        while true {
          for _ in 0..<200 { _ = await server.measured() }
          let now = await server.measured().loops.connections.bytesRead
          if now < read + 100_000 { break }
          read = now
        }
        let written = await server.measured().loops.connections.bytesWritten
        #expect(read < UInt64(4 * bytes.count / 2), "it stopped reading long before the end: \(read)")
        // Of 176 MB of answers it has made what the sockets took, and 64 KiB a connection with the last read's.
        #expect(written < 88_000_000, "answers for nobody: \(written) bytes")
        for session in sessions { await session.reset() }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      try await LocalService.untilIdle(server)
    }
  }

  @Test("Who has ended its side is sent all its answers, also those that its socket takes late, and is closed then")
  func halfClosed() async throws {
    var settings = ServingSettings.defaults
    // The end of its side comes with all that is before it: none of that is refused here, however slow the machine.
    settings.loopMicrosecondsPerRowMax = .infinity
    settings.server.limits.rowsInFlightMax = 300_000
    settings.queuedRowsMax = 300_000
    settings.server.unsentBytesMax = 1 << 30
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      // 4 KB that ask for 44 KB: more than sockets hold.
      let request = V1.InferRequest(
        model: "m", rows: 1000, observations: [UInt8](repeating: 3, count: 4000), elementType: .uint8,
        want: [.outputs, .values, .features], featuresLayer: "policy.0")
      let session = try await greet(server, reads: false)
      let asked = RawConnection.bytes(of: (1...300).map { V1.Frame(call: $0, .infer(request)) })
      session.post(bytes: asked)
      session.channel.close(mode: .output, promise: nil)
      while await server.measured().loops.connections.bytesRead < UInt64(asked.count) { try await pause() }
      try await LocalService.untilIdle(server, connections: 1)
      try await session.read()
      let answers = await session.rest().filter { $0.call > 0 }
      let isWhole = answers.map(\.call) == Array(1...300) && answers.allSatisfy { $0.body.inferReply?.rows == 1000 }
      #expect(isWhole, "\(answers.count) answers; \(answers.compactMap(\.body.status).first.map { "\($0)" } ?? "")")
      try await LocalService.untilIdle(server)
    }
  }

  @Test("Frames of 0, 1, the limit's and one more byte")
  func frameSizes() async throws {
    var settings = ServingSettings.defaults
    settings.server.limits.frameBytesMax = 1000
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        // An empty frame is a message of call 0 that this schema does not know.
        let empty = try await greet(server)
        try await empty.send(bytes: [0, 0, 0, 0, 0])
        #expect(try await empty.ask(1, .infer(query(Bystander.observations)))?.inferReply != nil)
        let one = try await greet(server)
        try await one.send(bytes: [0, 0, 0, 0, 1, 0x0d])
        #expect(code(await one.next()) == .internalError)
        #expect(await one.next() == nil)

        func padded(_ bytes: Int) -> [UInt8] {
          // A field of a newer schema fills it up.
          let query = Array(RawConnection.bytes(V1.Frame(call: 1, .infer(query(Bystander.observations)))).dropFirst(5))
          let filler = bytes - query.count - 4
          let field: [UInt8] = [0xfa, 0x3f, UInt8(filler & 0x7f | 0x80), UInt8(filler >> 7)]
          return [0, 0, 0, UInt8(bytes >> 8), UInt8(bytes & 255)] + query + field + [UInt8](repeating: 1, count: filler)
        }
        let most = try await greet(server)
        try await most.send(bytes: padded(1000))
        let answer = await most.next()
        #expect(answer?.body.inferReply != nil, "\(String(describing: answer))")
        let more = try await greet(server)
        try await more.send(bytes: padded(1001))
        #expect(code(await more.next()) == .resourceExhausted)
        #expect(await more.next() == nil)
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
    }
  }

  @Test("Call numbers that do not increase, or are beyond the last, end the connection after what is open")
  func callNumbers() async throws {
    try await LocalService.run(store) { server in
      try await LocalService.publish(1, on: server)
      let ask = V1.Body.infer(query(Bystander.observations))
      let seen = try await Bystander.watch(server) {
        for (numbers, answered) in [
          ([5, 5], 1), ([5, 4], 1), ([1, 2, 3, 3], 3), ([0], 0), ([.max], 0), ([1 << 31 - 1, 1 << 31], 1),
        ] as [([UInt32], Int)] {
          let session = try await greet(server)
          try await session.send(bytes: RawConnection.bytes(of: numbers.map { V1.Frame(call: $0, ask) }))
          let frames = await session.rest()
          #expect(frames.count { $0.body.inferReply != nil } == answered)
          #expect(frames.contains { code($0) == .internalError })
        }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      try await LocalService.untilIdle(server)
    }
  }

  @Test("Rows whose bytes overflow 32 or 64 bits are refused, and the connection goes on")
  func overflow() async throws {
    var settings = ServingSettings.defaults
    let most = Int(UInt32.max)
    settings.server.limits = WireLimits(
      frameBytesMax: 1 << 20, rowsPerCallMax: most, callsInFlightMax: 100, rowsInFlightMax: most)
    settings.queuedRowsMax = most
    for limits in [settings, .defaults] {
      try await LocalService.run(MemoryStore(), settings: limits) { server in
        try await LocalService.publish(1, on: server)
        let seen = try await Bystander.watch(server) {
          let session = try await greet(server)
          var call: UInt32 = 0
          // Times 16 bytes: 2^32, 2^32 + 16, 2^31, 2^36 and what is almost 2^36.
          for rows in [1 << 28, 1 << 28 + 1, 1 << 27, 1 << 31, most, most - 1, 0] {
            for bytes in [0, 16, 32] {
              for type in [V1.ElementType.fp32, .uint8] {
                call += 1
                let body = V1.Body.infer(
                  V1.InferRequest(
                    model: "m", rows: rows, observations: [UInt8](repeating: 0, count: bytes), elementType: type))
                let answer = try await session.ask(call, body)
                #expect(code(answer.map { V1.Frame($0) }) == .invalidArgument)
              }
            }
          }
          // Varints of 64 bits, where the schema has 32.
          let wide: [UInt8] = [
            0x0d, 0xe8, 3, 0, 0, 0x12, 14, 0x0a, 1, 0x6d, 0x10, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1,
          ]
          try await session.send(bytes: [0, 0, 0, 0, UInt8(wide.count)] + wide)
          #expect(await session.next().map { code($0) != nil } == true)
        }
        #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
        try await LocalService.untilIdle(server)
      }
    }
  }

  @Test("NaN and infinity cost nobody else an answer, whether they are answered or refused", arguments: [true, false])
  func nonFinite(refuses: Bool) async throws {
    var settings = ServingSettings.defaults
    settings.refusesNonFinite = refuses
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        let session = try await greet(server)
        for call in 1...500 as ClosedRange<UInt32> {
          let value: Float = call % 2 == 0 ? .nan : .infinity
          let frame = try await session.ask(call, .infer(query([0, value, -value, 1])))
          #expect((frame?.inferReply == nil) == refuses)
        }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
    }
  }

  @Test("Thousands of connections opened and dropped at once leave nothing behind")
  func burst() async throws {
    try await LocalService.run(store, eventLoops: 2) { server in
      try await LocalService.publish(1, on: server)
      let seen = try await Bystander.watch(server) {
        let hello = RawConnection.bytes(V1.Frame(.hello(V1.Hello(protocolNumber: 1))))
        let ask = RawConnection.bytes(V1.Frame(call: 1, .infer(query(Bystander.observations))))
        for round in 0..<5 {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<600 {
              group.addTask {
                let session = try await RawSession.connect(to: server.addresses[0])
                switch (number + round) % 4 {
                case 0: break
                case 1: session.post(bytes: hello)
                case 2: session.post(bytes: hello + ask)
                default: session.post(bytes: Array((hello + ask).prefix(number % 60)))
                }
                if number % 2 == 0 { await session.reset() } else { await session.close() }
              }
            }
            try await group.waitForAll()
          }
        }
      }
      #expect(seen.lost.isEmpty && seen.answered >= 20, "\(seen)")
      try await LocalService.untilIdle(server)
      // Of who was gone before it was accepted, nothing was counted.
      let connections = await server.measured().loops.connections
      #expect(connections.accepted > 2000 && connections.accepted <= 3003)
      #expect(connections.closed.total == connections.accepted)
    }
  }

  @Test("Behind a slow compute thread the queue is bounded: beyond it is refused at once, and what is in is answered")
  func slowCompute() async throws {
    var settings = ServingSettings.defaults
    settings.loopMicrosecondsPerRowMax = -1
    settings.server.limits.rowsPerCallMax = 500
    settings.queuedRowsMax = 1000
    try await LocalService.run(store, settings: settings) { server in
      try await LocalService.publish(1, on: server)
      let observations = (0..<500 * 4).map { Float($0 % 7) }
      let expected = Policies.answers(try Policies.make(seed: 1), observations).outputs
      let (answered, refused) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for _ in 0..<8 {
          group.addTask {
            let session = try await greet(server)
            let frames = (1...40 as ClosedRange<UInt32>).map { V1.Frame(call: $0, .infer(query(observations))) }
            try await session.send(bytes: RawConnection.bytes(of: frames))
            var (answered, refused) = (0, 0)
            for _ in frames {
              let frame = await session.next()
              if let reply = frame?.body.inferReply {
                #expect((reply.outputs == expected) as Bool)
                answered += 1
              } else if let status = frame?.body.status {
                #expect(status.code == .resourceExhausted && status.retryAfterMicroseconds > 0)
                refused += 1
              }
            }
            return (answered, refused)
          }
        }
        return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
      }
      #expect(answered + refused == 320 && answered >= 2)
      #expect(refused > 0)
      try await LocalService.untilIdle(server)
      let version = await server.measured().versions[VersionKey(model: "m", number: 1)]
      #expect(version?.calls[.ok] == UInt64(answered) && version?.calls[.resourceExhausted] == UInt64(refused))
    }
  }
}
