import Foundation
import ModelStore
import Neural
import Registry
import StudentTraining
import Synchronization
import Wire

/// Publishes versions and moves aliases while everybody asks.
///
/// In the beginning it publishes as many versions of the small model as stay loaded, and some of the large one, and has
/// each of the small ones answer everybody for a while: a version takes memory when it comes and when it is first asked.
/// From then on every version that comes makes another one go.
final class SoakPublisher: SoakClient {
  /// The alias that clients know beside `stable`.
  static let secondAlias = "canary"
  /// As many as the service keeps loaded of a model.
  private static let smallVersions = 32
  private static let largeVersions = 3
  /// As many as one connection may have in flight, nearly.
  private static let largestQueries = 24
  /// Plays between two publishes, once all versions that stay loaded are there; an alias moves in each play.
  private static let playsPerPublish = 8

  let pause = Duration.seconds(2)
  /// How long the versions of the beginning take their turns.
  let tourSeconds: Double
  private let plays = Atomic<Int>(0)

  init(tourSeconds: Double) {
    self.tourSeconds = tourSeconds
  }

  func play(_ soak: SoakScene) throws {
    let count = plays.wrappingAdd(1, ordering: .relaxed).newValue
    if count == 1 {
      try publishWhatStaysLoaded(soak)
      return try tour(soak)
    }
    try soak.withConnection { connection in
      if count.isMultiple(of: Self.playsPerPublish) { try publish(soak.small, soak, on: connection, call: 1) }
      let model = Bool.random() ? soak.small : soak.large
      let alias = Bool.random() ? "stable" : Self.secondAlias
      // Versions that stay loaded for longer than a query takes.
      let target = model.newest(8).randomElement() ?? 1
      try move(alias, of: model, to: target, on: connection, call: 2)
    }
  }

  /// Makes the second alias of every model.
  func prepare(_ soak: SoakScene) throws {
    for model in [soak.small, soak.large] {
      try soak.withConnection { try move(Self.secondAlias, of: model, to: 1, on: $0, call: 1) }
    }
  }

  private func publishWhatStaysLoaded(_ soak: SoakScene) throws {
    for (model, versions) in [(soak.small, Self.smallVersions), (soak.large, Self.largeVersions)] {
      try soak.withConnection { connection in
        for call in 1..<UInt32(versions) where !soak.isOver.isSet {
          try publish(model, soak, on: connection, call: call)
        }
      }
    }
  }

  /// Each version gets the largest queries too: its batches grow to what they will ever be.
  private func tour(_ soak: SoakScene) throws {
    try soak.withConnection { connection in
      var call: UInt32 = 0
      for version in soak.small.newest(Self.smallVersions) where !soak.isOver.isSet {
        call += 1
        try move("stable", of: soak.small, to: version, on: connection, call: call)
        var open: [UInt32: SoakQuery] = [:]
        for _ in 0..<Self.largestQueries {
          call += 1
          let query = soak.small.query(rows: SoakModel.rowsMax, version: version)
          try connection.send(V1.Frame(call: call, .infer(query.request)))
          open[call] = query
        }
        try soak.settle(open, on: connection)
        Thread.sleep(forTimeInterval: tourSeconds / Double(Self.smallVersions))
      }
    }
  }

  private func publish(
    _ model: SoakModel, _ soak: SoakScene, on connection: BenchConnection, call: UInt32
  ) throws {
    let policy = try model.network.policy(seed: .random(in: 2...UInt64.max))
    let inference = InferencePolicy(policy)
    let artefact = PolicyArtefact.encode(policy)
    let header = V1.PublishHeader(
      model: model.name, artefactBytes: UInt64(artefact.count), sha256: ContentHash(of: artefact).bytes,
      golden: V1.Golden(GoldenRows(of: inference)), requestID: UUID().uuidString)
    try connection.send(V1.Frame(call: call, .publish(header)))
    for start in stride(from: 0, to: artefact.count, by: WireLimits.chunkBytesMax) {
      let piece = artefact[start..<min(start + WireLimits.chunkBytesMax, artefact.count)]
      try connection.send(V1.Frame(call: call, .chunk(V1.Chunk(offset: UInt64(start), data: Array(piece)))))
    }
    let answer = try connection.receive()?.body
    guard case .publishReply(let reply)? = answer else {
      throw BenchFailure("a publish was answered by \(String(describing: answer))")
    }
    model.add(reply.version, inference)
    soak.tally.published()
  }

  private func move(
    _ alias: String, of model: SoakModel, to version: UInt64, on connection: BenchConnection, call: UInt32
  ) throws {
    let request = V1.AliasRequest(
      model: model.name, alias: alias, version: version, reason: "soak", requestID: UUID().uuidString)
    try connection.send(V1.Frame(call: call, .alias(request)))
    let answer = try connection.receive()?.body
    guard case .aliasReply(let reply)? = answer, reply.to == version else {
      throw BenchFailure("the move of an alias to version \(version) was answered by \(String(describing: answer))")
    }
  }
}
