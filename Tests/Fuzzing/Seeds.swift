import Foundation
import Neural
import Wire

/// Writes the inputs that a search begins with: every message, and sessions as clients and servers have them.
enum Seeds {
  static func write(to folder: URL) throws {
    var codec = FrameCodec()
    for (index, body) in MessageSamples.bodies.enumerated() {
      let frame = codec.bytes(of: V1.Frame(call: 9, body))
      try write(Array(frame.dropFirst(FrameHeader.byteCount)), "message-\(index)", of: .codec, to: folder)
    }
    for (name, frames) in clientSessions { try write(frames, name, of: [.frames, .server], to: folder) }
    for (name, frames) in querySessions { try write(frames, name, of: [.server, .teacher], to: folder) }
    for (name, frames) in serverSessions { try write(frames, name, of: [.frames, .client], to: folder) }
    for (name, bytes) in strangers {
      for target in [Fuzz.Target.frames, .server, .client] {
        try write([0, 0, 0, 1] + bytes, name, of: target, to: folder)
      }
    }
    for (name, policy) in try policies() {
      try write(PolicyArtefact.encode(policy), name, of: .artefact, to: folder)
    }
    try write(
      SafeTensors(metadata: ["a": "b"], tensors: ["é": .init(shape: [0, 4], values: [])]).encoded(), "tensors",
      of: .artefact, to: folder)
  }

  private static func write(
    _ frames: [V1.Frame], _ name: String, of targets: [Fuzz.Target], to folder: URL
  ) throws {
    var codec = FrameCodec()
    let stream = frames.flatMap { codec.bytes(of: $0) }
    for target in targets {
      for seed: UInt8 in 1...3 { try write([0, 0, 0, seed] + stream, "\(name)-\(seed)", of: target, to: folder) }
    }
  }

  private static func write(_ bytes: [UInt8], _ name: String, of target: Fuzz.Target, to folder: URL) throws {
    let folder = folder.appending(path: target.rawValue)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: folder.appending(path: name))
  }

  // MARK: Sessions

  private static let hello = V1.Frame(.hello(V1.Hello(protocolNumber: 1, client: "seed")))

  private static func query(_ rows: Int, _ change: (inout V1.InferRequest) -> Void = { _ in }) -> V1.Body {
    let numbers = (0..<rows * 4).map { Float($0) / 8 }
    var request = V1.InferRequest(model: "m", rows: rows, observations: numbers.withUnsafeBytes { Array($0) })
    change(&request)
    return .infer(request)
  }

  private static func session(_ bodies: V1.Body...) -> [V1.Frame] {
    [hello] + bodies.enumerated().map { V1.Frame(call: UInt32($0 + 1), $1) }
  }

  private static var clientSessions: [(String, [V1.Frame])] {
    let publish = V1.PublishHeader(model: "m", artefactBytes: 60, sha256: [1, 2, 3])
    let chunks = [
      V1.Frame(call: 2, .chunk(V1.Chunk(offset: 0, data: [UInt8](repeating: 5, count: 40)))),
      V1.Frame(call: 2, .chunk(V1.Chunk(offset: 40, data: [UInt8](repeating: 6, count: 20)))),
    ]
    return [
      ("publish", [hello, V1.Frame(call: 1, query(1)), V1.Frame(call: 2, .publish(publish))] + chunks),
      ("publish-cancelled", [hello, V1.Frame(call: 2, .publish(publish)), chunks[0], V1.Frame(call: 2, .cancel)]),
      (
        "control",
        session(
          .describe(V1.DescribeRequest(model: "m")), .listModels(V1.ListModelsRequest()), .health(V1.HealthRequest()),
          .alias(V1.AliasRequest(model: "m", alias: "a", version: 1)), .history(V1.HistoryRequest(model: "m")),
          .verify(V1.VerifyRequest(model: "m")), .fetch(V1.FetchRequest(model: "m", version: 1)), .unrecognized)
      ),
      (
        "leaving",
        session(query(1), .health(V1.HealthRequest())) + [
          V1.Frame(.ping(3)), V1.Frame(.pong(0)),
          V1.Frame(.goAway(V1.GoAway(lastCall: 0, status: WireStatus(.ok, "")))),
        ]
      ),
    ]
  }

  private static var querySessions: [(String, [V1.Frame])] {
    [
      ("queries", session(query(1), query(2), query(8), query(9), query(0))),
      ("cancels", session(query(3), query(3)) + [V1.Frame(call: 1, .cancel), V1.Frame(call: 2, .cancel)]),
      (
        "extras",
        session(
          query(2) {
            $0.actionMode = .sampled; $0.want = [.outputs, .actions]
          },
          query(1) {
            $0.featuresLayer = "policy.0"; $0.want = .features
          }, query(1) { $0.deadlineMicroseconds = 1 },
          query(1) { $0.version = 1 }, query(1) { $0.alias = "stable" }, query(1) { $0.leaseVersion = 1 },
          query(1) { $0.minimumVersion = 3 }, query(4) { $0.elementType = .uint8 })
      ),
      ("many", [hello] + (1...40).map { V1.Frame(call: $0, query(Int($0 % 5))) }),
    ]
  }

  private static var serverSessions: [(String, [V1.Frame])] {
    let limits = WireLimits(frameBytesMax: 4096, rowsPerCallMax: 8, callsInFlightMax: 4, rowsInFlightMax: 16)
    let welcome = V1.Frame(.welcome(limits.welcome(server: "seed")))
    func reply(_ call: UInt32, rows: Int, version: UInt64 = 1) -> V1.Frame {
      let outputs = [Float](repeating: 0.5, count: rows * 2)
      return V1.Frame(
        call: call,
        .inferReply(
          V1.InferReply(version: version, rows: rows, outputs: outputs, values: [Float](repeating: 1, count: rows))))
    }
    let goAway = V1.Frame(.goAway(V1.GoAway(lastCall: 2, status: WireStatus(.unavailable, "draining"))))
    return [
      ("replies", [welcome] + (1...8).map { reply($0, rows: 8) }),
      (
        "small-replies", [welcome] + (1...8).flatMap { [reply($0, rows: Int($0 % 4)), reply($0, rows: 1, version: 2)] }
      ),
      ("statuses", [welcome] + (1...4).map { V1.Frame(call: $0, .status(WireStatus(.aborted, "no"))) }),
      ("pings", [welcome, V1.Frame(.ping(1)), V1.Frame(.pong(1)), V1.Frame(.pong(2)), reply(1, rows: 1), goAway]),
      ("gone", [goAway, welcome]),
      ("other-protocol", [V1.Frame(.welcome(V1.Welcome(protocolNumber: 2, server: "other")))]),
    ]
  }

  private static let strangers: [(String, [UInt8])] = [
    ("http", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)), ("http2", Array("PRI * HTTP/2.0\r\n\r\n".utf8)),
    ("tls", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), ("long", [0, 0xff, 0xff, 0xff, 0xff]),
    ("flags", [1, 0, 0, 0, 0]),
  ]

  // MARK: Policies

  private static func policies() throws -> [(String, Policy)] {
    let heads: [(String, Head, hasValue: Bool)] = [
      ("categorical", .categorical(actions: 2), true), ("actor", .categorical(actions: 3), false),
      ("gaussian", .gaussian(dimensions: 1, low: [-2], high: [2]), true), ("q", .qValues(actions: 2), false),
    ]
    var policies = try heads.map { name, head, hasValue in
      let architecture = try PolicyArchitecture(
        environment: "e", observationWidth: 2, head: head, policyHidden: [3], hasValue: hasValue)
      return (name, TrainableNetwork(architecture: architecture, seed: 1).policy)
    }
    let shared = try PolicyArchitecture(
      environment: "e", observationWidth: 1, head: .categorical(actions: 2), policyHidden: [2, 2], sharedTrunk: true,
      activation: .relu, normalizer: Normalizer(mean: [0.5], variance: [2]))
    policies.append(("shared", TrainableNetwork(architecture: shared, seed: 2).policy))
    return policies
  }
}
