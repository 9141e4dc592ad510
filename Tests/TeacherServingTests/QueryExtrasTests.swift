import NIOCore
import NIOEmbedded
import Neural
import TestSupport
import Testing
import Wire

@testable import TeacherServing

/// What a query can ask beside parameters and values.
@Suite struct QueryExtrasTests {
  private let observations: [Float] = (0..<20).map { Float($0 * $0 % 17) / 4 - 2 }

  private func request(_ change: (inout V1.InferRequest) -> Void) -> V1.InferRequest {
    var request = query(observations)
    change(&request)
    return request
  }

  private static func gaussian(seed: UInt64) throws -> InferencePolicy {
    let architecture = try PolicyArchitecture(
      environment: "Pendulum-v1", observationWidth: 4,
      head: .gaussian(dimensions: 3, low: [-1, -2, -0.1], high: [1, 2, 0.1]), policyHidden: [8, 6])
    return InferencePolicy(TrainableNetwork(architecture: architecture, seed: seed).policy)
  }

  // MARK: Versions

  @Test("A lease is honoured while its version is loaded; then the alias answers, and the reply says so")
  func leases() throws {
    let teacher = SteppedTeacher()
    let loaded = teacher.serve(
      [try Policies.make(seed: 1), try Policies.make(seed: 2), try Policies.make(seed: 3)],
      aliases: ["stable": 3, "beta": 2])
    func answer(_ change: (inout V1.InferRequest) -> Void) throws -> (version: UInt64, moved: Bool)? {
      try teacher.ask(request(change))?.inferReply.map { ($0.version, $0.leaseMoved) }
    }
    #expect(try answer { ($0.episode, $0.leaseVersion) = (7, 1) } ?? (0, true) == (1, false))
    #expect(try answer { ($0.leaseVersion, $0.alias) = (1, "beta") } ?? (0, true) == (1, false))
    #expect(try answer { ($0.leaseVersion, $0.version) = (1, 2) } ?? (0, true) == (2, false), "pinned is pinned")
    #expect(try answer { ($0.leaseVersion, $0.minimumVersion) = (2, 2) } ?? (0, true) == (2, false))
    teacher.adopt(Array(loaded.dropFirst()), aliases: ["stable": 3, "beta": 2], stored: [1])
    #expect(try answer { $0.leaseVersion = 1 } ?? (0, false) == (3, true))
    #expect(try answer { ($0.leaseVersion, $0.alias) = (1, "beta") } ?? (0, false) == (2, true))
    #expect(try answer { $0.leaseVersion = 3 } ?? (0, true) == (3, false))
    let status = try teacher.ask(request { ($0.leaseVersion, $0.minimumVersion) = (2, 3) })?.status
    #expect(status == WireStatus(.failedPrecondition, "version 2 answers, expected 3 or newer"))
  }

  // MARK: Actions

  private func actions(
    _ policy: InferencePolicy, _ mode: Neural.ActionMode, _ observations: [Float]
  ) -> [UInt8] {
    let selector = ActionSelector(policy.policy.architecture.head)
    let outputs = Policies.answers(policy, observations).outputs
    let rows = observations.count / 4
    // Of floats, so that they are aligned.
    var actions = [Float](repeating: 0, count: rows * selector.bytesPerRow / 4)
    actions.withUnsafeMutableBytes {
      selector.select(mode, outputs: outputs, rows: rows, into: $0.baseAddress!)
    }
    return actions.withUnsafeBytes { Array($0) }
  }

  @Test("Actions are the selector's, greedy or sampled; a seed's are the same in any batch")
  func chosenActions() throws {
    for policy in [try Policies.make(seed: 1, actions: 5), try Self.gaussian(seed: 2)] {
      let teacher = SteppedTeacher()
      teacher.serve([policy])
      let greedy = try teacher.ask(
        request { ($0.want, $0.actionMode) = ([.actions, .outputs], .greedy) })?.inferReply
      #expect(greedy?.actions == actions(policy, .greedy, observations))
      #expect(greedy?.outputs == Policies.answers(policy, observations).outputs && greedy?.values == [])

      var drawn: Set<[UInt8]> = []
      for seed in [0, 1, .max] as [UInt64] {
        let sampled = request {
          ($0.want, $0.actionMode, $0.actionSeed) = (.actions, .sampled, seed)
        }
        let alone = try teacher.ask(sampled)?.inferReply
        #expect(alone?.actions == actions(policy, .sampled(seed: seed), observations))
        #expect(alone?.outputs == [] && alone?.values == [])
        drawn.insert(alone?.actions ?? [])
        // Behind others of the same turn, some of which have extras of their own.
        let client = try teacher.connect()
        try client.write(
          V1.Frame(call: 1, .infer(query([9, 9, 9, 9]))),
          V1.Frame(call: 2, .infer(request { ($0.want, $0.actionMode) = (.actions, .greedy) })),
          V1.Frame(call: 3, .infer(sampled)), V1.Frame(call: 4, .infer(sampled)))
        teacher.eventLoop.run()
        let frames = try client.read()
        #expect(frames.map(\.call) == [1, 2, 3, 4])
        #expect(frames[2].body.inferReply == alone && frames[3].body.inferReply == alone)
        #expect(frames[1].body.inferReply?.actions == greedy?.actions)
      }
      #expect(drawn.count == 3, "another seed, other actions")
    }
  }

  // MARK: Features and parts

  @Test("Features are those of the named layer, bit for bit")
  func features() throws {
    let policy = try Self.gaussian(seed: 5)
    let teacher = SteppedTeacher()
    teacher.serve([policy])
    for layer in policy.hiddenLayers {
      var expected = [Float](repeating: 0, count: 5 * layer.width)
      policy.features(of: layer, observations: observations, rows: 5, into: &expected, workspace: Workspace())
      let reply = try teacher.ask(request { ($0.want, $0.featuresLayer) = (.features, layer.name) })?.inferReply
      #expect(reply?.features == expected)
    }
    #expect(policy.hiddenLayers.map(\.name) == ["policy.0", "policy.1", "value.0", "value.1"])
  }

  @Test("Every set of wanted parts is answered with these and no others")
  func wanted() throws {
    let policy = try Policies.make(seed: 1)
    let teacher = SteppedTeacher()
    teacher.serve([policy])
    for raw in 0...15 as ClosedRange<UInt32> {
      let want = V1.Wanted(rawValue: raw)
      let reply = try teacher.ask(
        request {
          $0.want = want
          if want.contains(.actions) { $0.actionMode = .greedy }
          if want.contains(.features) { $0.featuresLayer = "value.0" }
        })?.inferReply
      let sent = want.isEmpty ? .usual : want
      #expect(reply?.outputs.count == (sent.contains(.outputs) ? 10 : 0))
      #expect(reply?.values.count == (sent.contains(.values) ? 5 : 0))
      #expect(reply?.actions.count == (sent.contains(.actions) ? 20 : 0))
      #expect(reply?.features.count == (sent.contains(.features) ? 40 : 0))
      #expect(reply?.rows == 5)
    }
  }

  // MARK: Observations

  @Test("Observations of uint8 are answered as the same numbers in fp32, and their width is checked as theirs")
  func uint8() throws {
    let policy = try Policies.make(seed: 1)
    let teacher = SteppedTeacher()
    teacher.serve([policy])
    let bytes: [UInt8] = [0, 1, 127, 255, 8, 16, 32, 64]
    let small = V1.InferRequest(
      model: "m", rows: 2, observations: bytes, elementType: .uint8, want: [.usual, .actions, .features],
      actionMode: .greedy, featuresLayer: "policy.0")
    var large = query(bytes.map { Float($0) })
    (large.want, large.actionMode, large.featuresLayer) = (small.want, small.actionMode, small.featuresLayer)
    let reply = try teacher.ask(small)?.inferReply
    #expect(reply != nil)
    #expect(try teacher.ask(large)?.inferReply == reply)
    var narrow = small
    narrow.rows = 1
    #expect(
      try teacher.ask(narrow)?.status
        == WireStatus(
          .invalidArgument, "observations of 8 numbers a row, expected 4: model m takes 1 x 4 uint8, 4 bytes"))
  }

  @Test("NaN and infinity are answered, or refused with their place, as the service is set")
  func nonFinite() throws {
    let policy = try Policies.make(seed: 1)
    var settings = ServingSettings.defaults
    let answering = SteppedTeacher(settings: settings)
    settings.refusesNonFinite = true
    let refusing = SteppedTeacher(settings: settings)
    for teacher in [answering, refusing] { teacher.serve([policy]) }
    let largest = Float.greatestFiniteMagnitude
    let finite: [Float] = [0, -0.0, largest, -largest, .leastNonzeroMagnitude, 1, 2, 3]
    for value in [Float.nan, .infinity, -.infinity, Float(bitPattern: 0xffff_ffff)] {
      for place in 0..<8 {
        var numbers = finite
        numbers[place] = value
        let reply = try answering.ask(query(numbers))?.inferReply
        let expected = Policies.answers(policy, numbers)
        #expect(reply?.outputs.map(\.bitPattern) == expected.outputs.map(\.bitPattern))
        let status = try refusing.ask(query(numbers))?.status
        #expect(
          status
            == WireStatus(
              .invalidArgument, "observation \(place / 4) has \(value) at \(place % 4), expected finite numbers"))
      }
    }
    #expect(try refusing.ask(query(finite))?.inferReply != nil)
    let bytes = V1.InferRequest(model: "m", rows: 1, observations: [255, 255, 255, 255], elementType: .uint8)
    #expect(try refusing.ask(bytes)?.inferReply != nil)
    let part = refusing.loop.service.measured(refusing.loop.counters)
    #expect(part.queuedRows == 0 && part.metrics.callsRefused[.invalid] == 32)
  }

  @Test("What does not go together is refused in words")
  func combinations() throws {
    let teacher = SteppedTeacher()
    teacher.serve([try Policies.make(seed: 1), try Policies.make(seed: 2, hidden: [])], aliases: ["stable": 1])
    let cases: [(change: (inout V1.InferRequest) -> Void, code: WireStatus.Code, says: [String])] = [
      ({ $0.want = .actions }, .invalidArgument, ["without an action mode", "GREEDY"]),
      ({ $0.actionMode = .sampled }, .invalidArgument, ["without wanting actions", "bit 4"]),
      ({ $0.want = .features }, .invalidArgument, ["layer \"\"", "policy.0, value.0"]),
      ({ ($0.want, $0.featuresLayer) = (.features, "policy.1") }, .invalidArgument, ["\"policy.1\"", "policy.0"]),
      ({ ($0.version, $0.want, $0.featuresLayer) = (2, .features, "policy.0") }, .invalidArgument, ["no hidden"]),
      ({ $0.featuresLayer = "policy.0" }, .invalidArgument, ["without wanting features", "bit 8"]),
      ({ $0.elementType = .unrecognized(2) }, .unimplemented, ["element type 2", "uint8"]),
      ({ $0.want = V1.Wanted(rawValue: 17) }, .unimplemented, ["17"]),
      ({ ($0.want, $0.actionMode) = (.actions, .unrecognized(3)) }, .unimplemented, ["action mode 3"]),
    ]
    for (change, code, says) in cases {
      let status = try teacher.ask(request(change))?.status
      #expect(status?.code == code, "\(says)")
      for text in says { #expect(status?.message.contains(text) == true, "\(status?.message ?? "answered")") }
    }
    #expect(teacher.loop.service.queuedRows == 0)
  }
}
