import StudentTraining
import SystemPackage
import Wire

/// Connects and goes, in the middle of whatever it was doing.
struct SoakDropper: SoakClient {
  let pause = Duration.milliseconds(50)

  func play(_ soak: SoakScene) throws {
    for _ in 0..<20 {
      let connection = try BenchConnection(port: soak.port, greets: Bool.random())
      // It may have been closed already by the service: nothing here says Hello twice.
      let frame = V1.Frame(call: 1, .infer(soak.small.query(rows: 8).request))
      if Bool.random() { try? connection.send(frame) }
      if Bool.random() { try? connection.send([0, 0, 0, 1, 0, 7, 7]) }
      if Bool.random() { connection.reset() } else { connection.close() }
    }
  }
}

/// Asks, says that it will send no more, and reads what comes.
struct SoakHalfClosed: SoakClient {
  let pause = Duration.milliseconds(100)

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      var asked: [UInt32: SoakQuery] = [:]
      for call in 1...UInt32(8) {
        let query = soak.small.query(rows: 4)
        asked[call] = query
        try connection.send(V1.Frame(call: call, .infer(query.request)))
      }
      try connection.endSending()
      while let frame = try untilGone({ try connection.receive() }) {
        guard case .inferReply(let reply) = frame.body, let query = asked.removeValue(forKey: frame.call) else {
          continue
        }
        if query.isRight(reply) { soak.tally.answered(queries: 1, rows: 4) } else { soak.tally.wrong("half-closed") }
      }
    }
  }
}

/// What `receive` gives; nil too where the service has reset the connection.
private func untilGone(_ receive: () throws -> V1.Frame?) throws -> V1.Frame? {
  do {
    return try receive()
  } catch let error as Errno where error == .connectionReset {
    return nil
  }
}

/// Says what is no frame after Hello, and must be told so and lose its connection.
struct SoakBadFrames: SoakClient {
  let pause = Duration.milliseconds(20)

  func play(_ soak: SoakScene) throws {
    let query = soak.small.query(rows: 1).request
    var codec = FrameCodec()
    let good = codec.bytes(of: V1.Frame(call: 1, .infer(query)))
    let bad: [[UInt8]] = [
      [0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff],
      [7] + good.dropFirst(),
      [1] + good.dropFirst(),
      [0, 0xff, 0xff, 0xff, 0xff],
      good + good,
      WireFrames.hello,
      codec.bytes(of: V1.Frame(call: 1, .inferReply(V1.InferReply()))),
    ]
    for bytes in bad {
      try soak.withConnection { connection in
        try connection.send(bytes)
        while let frame = try connection.receive() {
          guard case .goAway(let goAway) = frame.body else { continue }
          soak.tally.expected(goAway.status.code)
          return
        }
        throw BenchFailure("a connection with a bad frame ended without GoAway")
      }
    }
  }
}

/// Asks what cannot be answered: each call is refused, and the connection lives.
struct SoakBadCalls: SoakClient {
  let pause = Duration.milliseconds(50)

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      let good = soak.small.query(rows: 2)
      var (unknown, narrow, none, many) = (good.request, good.request, good.request, good.request)
      unknown.model = "nobody"
      narrow.observations.removeLast()
      none.rows = 0
      many.rows = 1 << 30
      let bad: [(V1.InferRequest, WireStatus.Code)] = [
        (unknown, .notFound), (narrow, .invalidArgument), (none, .invalidArgument), (many, .invalidArgument),
      ]
      var call: UInt32 = 0
      for (request, expected) in bad {
        call += 1
        try connection.send(V1.Frame(call: call, .infer(request)))
        let answer = try connection.receive()?.body
        guard case .status(let status)? = answer, status.code == expected else {
          throw BenchFailure("a bad call was answered by \(String(describing: answer)), expected \(expected)")
        }
        soak.tally.expected(status.code)
      }
      try connection.send(V1.Frame(call: call + 1, .infer(good.request)))
      try soak.settle([call + 1: good], on: connection)
    }
  }
}

/// Sends bytes that mean nothing.
struct SoakRandomBytes: SoakClient {
  let pause = Duration.milliseconds(20)

  func play(_ soak: SoakScene) throws {
    let connection = try BenchConnection(port: soak.port, greets: Bool.random())
    defer { connection.close() }
    var bytes = (0..<Int.random(in: 1...4096)).map { _ in UInt8.random(in: 0...255) }
    // A length that could be a frame's now and then: the rest of it never comes.
    if Bool.random() { bytes.replaceSubrange(0..<min(2, bytes.count), with: [0, 0].prefix(bytes.count)) }
    do {
      try connection.send(bytes)
      while try connection.receiveSome(within: .milliseconds(50)) > 0 {}
    } catch let error as Errno where [.connectionReset, .brokenPipe, .timedOut].contains(error) {}
  }
}

/// Asks for much and reads nothing until the service has stopped reading it; then reads all of it, slowly, or just goes.
struct SoakSlowReader: SoakClient {
  let pause = Duration.seconds(1)

  /// More answers than sockets hold.
  private static let callsMax: UInt32 = 4096

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      var asked: [UInt32: SoakQuery] = [:]
      var call: UInt32 = 0
      do {
        while call < Self.callsMax, !soak.isOver.isSet {
          call += 1
          let query = soak.small.query(rows: SoakModel.rowsMax)
          asked[call] = query
          try connection.send(V1.Frame(call: call, .infer(query.request)))
        }
      } catch let error as Errno where error == .timedOut {
        // A part of this one was sent, and no more will be.
        asked[call] = nil
      }
      guard Bool.random() else { return }
      try soak.settle(asked, on: connection, slowly: true)
    }
  }
}
