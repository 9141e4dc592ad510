import NIOCore
import NIOEmbedded
import Neural
import Testing
import Wire

@testable import TeacherServing

@Suite struct QueryTests {
  private let observations: [Float] = [0.1, -0.2, 0.3, -0.4, 1, 2, 3, 4, -1, -2, -3, -4]

  @Test("Outputs and values are the policy's own, bit for bit, and the version is named")
  func answers() throws {
    let teacher = SteppedTeacher()
    let policy = try Policies.make(seed: 1)
    teacher.serve([policy])
    let expected = Policies.answers(policy, observations)
    #expect(
      try teacher.ask(query(observations))?.inferReply
        == V1.InferReply(version: 1, rows: 3, outputs: expected.outputs, values: expected.values))
  }

  @Test("What is wanted is sent, and nothing else")
  func wanted() throws {
    let teacher = SteppedTeacher()
    let policy = try Policies.make(seed: 1)
    teacher.serve([policy])
    let expected = Policies.answers(policy, observations)
    for (want, outputs, values) in [
      (V1.Wanted.outputs, expected.outputs, []), (.values, [], expected.values),
      (.usual, expected.outputs, expected.values),
    ] as [(V1.Wanted, [Float], [Float])] {
      var request = query(observations)
      request.want = want
      let reply = try teacher.ask(request)?.inferReply
      #expect(reply == V1.InferReply(version: 1, rows: 3, outputs: outputs, values: values))
    }
  }

  @Test("A policy without a value sends none")
  func noValue() throws {
    let teacher = SteppedTeacher()
    let policy = try Policies.make(seed: 1, hasValue: false)
    teacher.serve([policy])
    let expected = Policies.answers(policy, observations)
    #expect(
      try teacher.ask(query(observations))?.inferReply
        == V1.InferReply(version: 1, rows: 3, outputs: expected.outputs, values: []))
  }

  @Test("A wrong width says what was given and what the model takes")
  func wrongWidth() throws {
    let teacher = SteppedTeacher()
    teacher.serve([try Policies.make(seed: 1)])
    var request = query([1, 2, 3, 4, 5], width: 5)
    #expect(
      try teacher.ask(request)?.status
        == WireStatus(
          .invalidArgument,
          "observations of 5 numbers a row, expected 4: model m takes 1 x 4 fp32, 16 bytes"))
    request.observations.removeLast()
    #expect(
      try teacher.ask(request)?.status?.message
        == "observations of 19 bytes, expected 4: model m takes 1 x 4 fp32, 16 bytes")
  }

  @Test("An unknown model, version or alias is NOT_FOUND and names those that are known")
  func unknown() throws {
    let teacher = SteppedTeacher()
    teacher.serve([try Policies.make(seed: 1), try Policies.make(seed: 2)])
    #expect(
      try teacher.ask(query(observations, model: "x"))?.status
        == WireStatus(.notFound, "no model x (served: m)"))
    var request = query(observations)
    request.version = 9
    #expect(
      try teacher.ask(request)?.status
        == WireStatus(.notFound, "model m has no version 9, expected one of the loaded: 1, 2"))
    request.version = 0
    request.alias = "beta"
    #expect(
      try teacher.ask(request)?.status
        == WireStatus(.notFound, "model m has no alias beta, expected one of: stable"))
    let empty = SteppedTeacher()
    #expect(try empty.ask(query(observations))?.status == WireStatus(.notFound, "no model m (none is served)"))
  }

  @Test("A version or an alias that is named answers")
  func routing() throws {
    let teacher = SteppedTeacher()
    teacher.serve(
      [try Policies.make(seed: 1), try Policies.make(seed: 2), try Policies.make(seed: 3)],
      aliases: ["stable": 2, "beta": 3])
    func version(_ change: (inout V1.InferRequest) -> Void) throws -> UInt64? {
      var request = query(observations)
      change(&request)
      return try teacher.ask(request)?.inferReply?.version
    }
    #expect(try version { _ in } == 2)
    #expect(try version { $0.alias = "stable" } == 2)
    #expect(try version { $0.alias = "beta" } == 3)
    #expect(try version { $0.version = 1 } == 1)
    #expect(try version { $0.minimumVersion = 2 } == 2)
    #expect(try version { $0.minimumVersion = 3 } == nil)
    #expect(try version { $0.episode = 5 } == 2)
  }

  @Test("A stored version that is not loaded is told apart from one that is not there")
  func storedOnly() throws {
    let teacher = SteppedTeacher()
    let loaded = teacher.serve([try Policies.make(seed: 1)])
    teacher.adopt(loaded, aliases: ["stable": 1, "old": 7], stored: [7])
    var request = query(observations)
    request.version = 7
    #expect(try teacher.ask(request)?.status?.code == .failedPrecondition)
    request.version = 0
    request.alias = "old"
    #expect(try teacher.ask(request)?.status?.code == .failedPrecondition)
  }

  @Test("What the schema has and this server has not is UNIMPLEMENTED")
  func unimplemented() throws {
    let teacher = SteppedTeacher()
    teacher.serve([try Policies.make(seed: 1)])
    let changes: [(inout V1.InferRequest) -> Void] = [
      { $0.elementType = .unrecognized(7) }, { $0.want = V1.Wanted(rawValue: 64) },
      { ($0.want, $0.actionMode) = (.actions, .unrecognized(9)) },
    ]
    for change in changes {
      var request = query(observations)
      change(&request)
      #expect(try teacher.ask(request)?.status?.code == .unimplemented)
    }
  }

  @Test("A full queue refuses with a time to come back, and takes rows again when it is empty")
  func fullQueue() throws {
    var settings = ServingSettings.defaults
    settings.server.limits.rowsPerCallMax = 4
    settings.queuedRowsMax = 4
    let teacher = SteppedTeacher(settings: settings)
    teacher.serve([try Policies.make(seed: 1)])
    let (first, second) = (try teacher.connect(), try teacher.connect())
    try first.write(V1.Frame(call: 1, .infer(query(observations))))
    try second.write(V1.Frame(call: 1, .infer(query(observations))))
    teacher.eventLoop.run()
    #expect(try first.read().first?.body.inferReply != nil)
    let status = try second.read().first?.body.status
    #expect(status?.code == .resourceExhausted)
    #expect((status?.retryAfterMicroseconds ?? 0) > 0)
    try second.write(V1.Frame(call: 2, .infer(query(observations))))
    teacher.eventLoop.run()
    #expect(try second.read().first?.body.inferReply != nil)
  }

  @Test("Rows whose reply would not fit into a frame are refused with how many would")
  func largeReply() throws {
    var settings = ServingSettings.defaults
    settings.server.limits.frameBytesMax = 1024
    let teacher = SteppedTeacher(settings: settings)
    teacher.serve([try Policies.make(seed: 1, observationWidth: 1, actions: 7, hidden: [8])])
    func ask(_ rows: Int, features: Bool = false) throws -> V1.Body? {
      var request = query([Float](repeating: 0.5, count: rows), width: 1)
      if features { (request.want, request.featuresLayer) = ([.outputs, .values, .features], "policy.0") }
      return try teacher.ask(request)
    }
    #expect(try ask(16)?.inferReply?.rows == 16)
    let status = try ask(17)?.status
    #expect(status?.code == .invalidArgument && status?.message.contains("expected at most 16") == true)
    #expect(try ask(7, features: true)?.inferReply?.features.count == 56)
    #expect(try ask(8, features: true)?.status?.code == .invalidArgument)
  }

  @Test("Of a model with wide observations fewer rows wait")
  func wideRows() throws {
    var settings = ServingSettings.defaults
    settings.server.limits.rowsPerCallMax = 4
    settings.queuedBytesMax = 6 * 1000 * 4
    let teacher = SteppedTeacher(settings: settings)
    teacher.serve([try Policies.make(seed: 1, observationWidth: 1000)])
    let client = try teacher.connect()
    let rows = query([Float](repeating: 0, count: 4000), width: 1000)
    try client.write(V1.Frame(call: 1, .infer(rows)), V1.Frame(call: 2, .infer(rows)))
    teacher.eventLoop.run()
    let frames = try client.read()
    #expect(frames.first { $0.call == 1 }?.body.inferReply != nil)
    let status = frames.first { $0.call == 2 }?.body.status
    #expect(status?.code == .resourceExhausted && status?.message.contains("at most 6") == true)
  }

  @Test("A message repeats no more of a name than a person reads")
  func longName() throws {
    let teacher = SteppedTeacher()
    teacher.serve([try Policies.make(seed: 1)])
    let status = try teacher.ask(query(observations, model: String(repeating: "x", count: 100_000)))?.status
    #expect(status?.code == .notFound && (status?.message.utf8.count ?? .max) < 500)
    var request = query(observations)
    (request.version, request.alias) = (1, "stable")
    #expect(try teacher.ask(request)?.status?.code == .invalidArgument)
    // One character to a reader, 200,001 bytes to who has to send it.
    let marks = "e" + String(repeating: "\u{301}", count: 100_000)
    for ask: (inout V1.InferRequest) -> Void in [
      { ($0.featuresLayer, $0.want) = (marks, .features) }, { $0.featuresLayer = marks }, { $0.alias = marks },
      { $0.model = marks },
    ] {
      var request = query(observations)
      ask(&request)
      let message = try teacher.ask(request)?.status?.message
      #expect((message?.utf8.count ?? .max) < 700)
    }
  }
}
