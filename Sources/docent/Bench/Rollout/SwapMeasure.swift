import Neural
import StudentTraining
import Wire

/// `stable` moves between two versions again and again while 64 clients ask: every reply is compared, as it comes, with
/// either version's answer to the bit. Half of the load's time nothing moves, in turns.
struct SwapMeasure: WireMeasure {
  private static let swaps = 100
  private static let connections = 64
  private static let rows = 4
  /// Pairs in the place of one: of more of them the middle one says more where others use the machine too.
  private static let pairsEach = 2

  let names = ["failed or mixed replies", "p99"].map { "\(swaps) swaps under \(connections) connections x 1: \($0)" }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let policies = try [1, 2].map { try BenchNetwork.small.policy(seed: $0) }
    return try await RolloutScene.served(policies) { scene in
      let query = WireFrames.query(.small, model: RolloutScene.model, rows: Self.rows)
      var effort = effort
      effort.pairs *= Self.pairsEach
      let load = try await Self.load(query, scene, seconds: effort.seconds)
      let swapsEach = (Self.swaps + effort.pairs - 1) / effort.pairs
      var swapped = 0
      let pairs = try await effort.pairs("swaps") {
        try await load.run(port: scene.teacher.port, connections: Self.connections, depth: 1)
      } _: { () in
        async let measured = load.run(port: scene.teacher.port, connections: Self.connections, depth: 1)
        try await Task.sleep(for: .seconds(load.warmupSeconds))
        for _ in 0..<swapsEach {
          let began = ContinuousClock.now
          try await scene.moveStable(to: UInt64(2 - swapped % 2))
          swapped += 1
          try await Task.sleep(until: began + .seconds(effort.seconds / Double(swapsEach + 1)))
        }
        return try await measured
      }
      let all = pairs.flatMap { [$0.first, $0.second] }
      let wrong = all.reduce(0) { $0 + $1.wrong }
      let uncompared = all.reduce(0.0) { $0 + Double($1.uncompared) }
      let compared = all.reduce(0.0) { $0 + Double($1.wrong + $1.answered.reduce(0, +)) }
      var details = pairs.map(\.first).details("without").merging(pairs.map(\.second).details("with")) { $1 }
      for version in 1...2 {
        details["of version \(version)"] = pairs.reduce(0.0) { $0 + Double($1.second.answered[version - 1]) }
      }
      let ratios = pairs.map { $0.second.p99Microseconds / $0.first.p99Microseconds }
      return [
        .rollout(
          names[0], Double(wrong), unit: "replies", target: .atMost(0),
          details: ["swaps": Double(swapped), "compared": compared, "not compared": uncompared]),
        .rollout(names[1], ratios: ratios, unit: "x without", target: .atMost(1.5), details: details),
      ]
    }
  }

  /// The load of a query, with each version's answer as the service gives it: checked against the version's policy.
  private static func load(
    _ query: V1.InferRequest, _ scene: RolloutScene, seconds: Double
  ) async throws -> LoadGenerator {
    let answers = try await onOwnThread {
      let connection = try BenchConnection(port: scene.teacher.port)
      defer { connection.close() }
      return try scene.versions.indices.map { try scene.answer(to: query, version: $0, on: connection) }
    }
    return LoadGenerator(frames: WireFrames.load(of: query), seconds: seconds, answers: answers)
  }
}

extension RolloutScene {
  /// The payload of a version's answer to a query, which is right to the bit.
  ///
  /// - Parameter version: its place in ``versions``.
  fileprivate func answer(
    to query: V1.InferRequest, version: Int, on connection: BenchConnection
  ) throws -> [UInt8] {
    var query = query
    query.version = UInt64(version + 1)
    try connection.send(V1.Frame(call: UInt32(version + 1), .infer(query)))
    let payload = try connection.receivePayload()
    guard let payload, case .inferReply(let reply) = try connection.read(payload).body else {
      throw BenchFailure("a query was not answered by an InferReply")
    }
    let expected = versions[version].answer(query.observations, rows: query.rows)
    guard reply.version == query.version, reply.outputs == expected.outputs, reply.values == expected.values else {
      throw BenchFailure("version \(query.version) answered \(reply), expected \(expected)")
    }
    return payload
  }
}

extension InferencePolicy {
  /// Outputs and values of some rows.
  ///
  /// - Parameter observations: rows of fp32.
  func answer(_ observations: [UInt8], rows: Int) -> (outputs: [Float], values: [Float]) {
    var outputs = [Float](repeating: 0, count: rows * policy.architecture.head.parameterWidth)
    var values = [Float](repeating: 0, count: rows)
    observations.withUnsafeBytes { bytes in
      let floats = Array(bytes.bindMemory(to: Float.self))
      forward(floats, rows: rows, outputs: &outputs, values: &values, workspace: Workspace())
    }
    return (outputs, values)
  }
}
