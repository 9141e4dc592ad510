import StudentTraining
import Wire

/// Asks pipelines of queries of all sizes, and checks every answer.
struct SoakAsker: SoakClient {
  /// One connection for the whole soak, or one for each play.
  let isLasting: Bool
  let pause = Duration.milliseconds(1)

  private static let roundsPerConnection = 200

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      var call: UInt32 = 0
      var rounds = 0
      while !soak.isOver.isSet, isLasting || rounds < Self.roundsPerConnection {
        var open: [UInt32: SoakQuery] = [:]
        for _ in 0..<Int.random(in: 1...32) {
          let query = Self.query(soak)
          call += 1
          try connection.send(V1.Frame(call: call, .infer(query.request)))
          open[call] = query
        }
        try soak.settle(open, on: connection)
        rounds += 1
      }
    }
  }

  private static func query(_ soak: SoakScene) -> SoakQuery {
    let model = Int.random(in: 0..<20) == 0 ? soak.large : soak.small
    let rows = Int.random(in: 0..<4) == 0 ? Int.random(in: 2...64) : 1
    switch Int.random(in: 0..<10) {
    case 0: return model.query(rows: rows, alias: SoakPublisher.secondAlias)
    case 1, 2: return model.query(rows: rows, version: model.newest(1)[0])
    default: return model.query(rows: rows)
    }
  }
}

/// Short, full load: the answers are counted, their bytes are not looked at.
struct SoakBurst: SoakClient {
  let frames: WireFrames
  let pause = Duration.milliseconds(500)

  func play(_ soak: SoakScene) throws {
    let load = LoadGenerator(
      frames: frames.load, warmupSeconds: 0, seconds: 0.2, replyBytesMin: frames.replyBytes)
    let measured = try load.measure(port: soak.port, connections: 16, depth: 8)
    let calls = Int(measured.callsPerSecond * load.seconds)
    soak.tally.answered(queries: calls, rows: calls)
  }
}

/// Asks with deadlines that some queries meet and some do not.
struct SoakDeadlines: SoakClient {
  let pause = Duration.milliseconds(20)

  func play(_ soak: SoakScene) throws {
    try soak.askRounds(of: 8, accepting: [.deadlineExceeded]) { _ in
      var query = (Bool.random() ? soak.large : soak.small).query(rows: Int.random(in: 1...64))
      query.request.deadlineMicroseconds = .random(in: 1...3000)
      return (query, isGivenUp: false)
    }
  }
}

/// Gives up every other query right after asking it.
struct SoakCancels: SoakClient {
  let pause = Duration.milliseconds(20)

  func play(_ soak: SoakScene) throws {
    try soak.askRounds(of: 16, accepting: [.cancelled]) { call in
      (soak.large.query(rows: 4), isGivenUp: call.isMultiple(of: 2))
    }
  }
}

extension SoakScene {
  /// Twenty rounds on a connection of their own; each asks its queries at once, and settles them.
  fileprivate func askRounds(
    of queries: Int, accepting statuses: Set<WireStatus.Code>,
    _ make: (_ call: UInt32) -> (query: SoakQuery, isGivenUp: Bool)
  ) throws {
    try withConnection { connection in
      var call: UInt32 = 0
      for _ in 0..<20 {
        var open: [UInt32: SoakQuery] = [:]
        for _ in 0..<queries {
          call += 1
          let (query, isGivenUp) = make(call)
          try connection.send(V1.Frame(call: call, .infer(query.request)))
          if isGivenUp { try connection.send(V1.Frame(call: call, .cancel)) }
          open[call] = query
        }
        try settle(open, on: connection, accepting: statuses)
      }
    }
  }
}

/// Looks around: what is there, how it is, and who changed it.
struct SoakVisitor: SoakClient {
  let pause = Duration.milliseconds(200)

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      func ask(_ call: UInt32, _ body: V1.Body) throws -> V1.Body? {
        try connection.send(V1.Frame(call: call, body))
        return try connection.receive()?.body
      }
      guard case .listModelsReply(let models)? = try ask(1, .listModels(.init())), models.models.count == 2,
        case .describeReply? = try ask(2, .describe(.init(model: soak.small.name))),
        case .historyReply? = try ask(3, .history(.init(model: soak.large.name))),
        case .healthReply(let health)? = try ask(4, .health(.init(model: soak.small.name))),
        health.serving == .serving
      else { throw BenchFailure("a question about the service's models was answered by something else") }
    }
  }
}

/// Watches the health of a model for a while, and gives up the watch or just goes.
struct SoakWatcher: SoakClient {
  let pause = Duration.milliseconds(100)

  func play(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      for call in 1...UInt32(4) {
        let name = call.isMultiple(of: 2) ? "" : soak.small.name
        try connection.send(V1.Frame(call: call, .health(.init(model: name, watch: true))))
      }
      for _ in 0..<4 {
        guard case .healthReply(let health)? = try connection.receive()?.body, health.serving == .serving else {
          throw BenchFailure("a health watch did not begin with SERVING")
        }
      }
      guard Bool.random() else { return }
      try connection.send(V1.Frame(call: 3, .cancel))
      guard case .status(let status)? = try connection.receive()?.body, status.code == .cancelled else {
        throw BenchFailure("a health watch that was given up did not end CANCELLED")
      }
      soak.tally.expected(status.code)
    }
  }
}
