import Foundation
import ModelStore
import Neural
import Registry
import StudentTraining
import Wire

/// A version of 10 MB is published over the wire, durably, while 64 clients ask another model; half of the load's time
/// nothing is published, in turns.
struct PublishMeasure: WireMeasure {
  private static let connections = 64
  /// Of each load: as long as a publish may take.
  private static let seconds = 1.0

  let names = ["durable and loaded", "p99 of queries"].map {
    "publish of 10 MB under \(connections) connections x 1: \($0)"
  }

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    let small = try BenchNetwork.small.policy()
    return try await RolloutScene.served([small]) { scene in
      let query = WireFrames.query(.small, model: RolloutScene.model, rows: 1)
      let load = LoadGenerator(frames: WireFrames.load(of: query), seconds: Self.seconds, replyBytesMin: 16)
      var published: [Double] = []
      var bytes = 0
      let pairs = try await effort.pairs("publish") {
        try await load.run(port: scene.teacher.port, connections: Self.connections, depth: 1)
      } _: {
        // All that the publisher computes itself is done before.
        let policy = try Self.policy(seed: UInt64(published.count + 1))
        let artefact = PolicyArtefact.encode(policy)
        let header = V1.PublishHeader(
          model: "large", artefactBytes: UInt64(artefact.count), sha256: ContentHash(of: artefact).bytes,
          golden: V1.Golden(GoldenRows(of: InferencePolicy(policy))), requestID: UUID().uuidString)
        bytes = artefact.count
        async let measured = load.run(port: scene.teacher.port, connections: Self.connections, depth: 1)
        try await Task.sleep(for: .seconds(load.warmupSeconds))
        let began = ContinuousClock.now
        _ = try await scene.client.publish(header, artefact: artefact)
        published.append((ContinuousClock.now - began) / .seconds(1))
        return try await measured
      }
      let ratios = pairs.map { $0.second.p99Microseconds / $0.first.p99Microseconds }
      let details = pairs.map(\.first).details("without").merging(pairs.map(\.second).details("with")) { $1 }
      return [
        .rollout(
          names[0], published.max() ?? .nan, unit: "s", target: .atMost(1),
          details: ["median": median(published), "MB": Double(bytes) / 1e6]),
        .rollout(names[1], ratios: ratios, unit: "x without", target: .atMost(1.5), details: details),
      ]
    }
  }

  /// A policy whose artefact has 10 MB.
  private static func policy(seed: UInt64) throws -> Policy {
    let actions = 17
    let head = Head.gaussian(
      dimensions: actions, low: [Float](repeating: -1, count: actions), high: [Float](repeating: 1, count: actions))
    let architecture = try PolicyArchitecture(
      environment: "bench", observationWidth: 376, head: head, policyHidden: [940, 940])
    return TrainableNetwork(architecture: architecture, seed: seed).policy
  }
}
