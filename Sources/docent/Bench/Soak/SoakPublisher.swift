import Foundation
import ModelStore
import Neural
import Registry
import StudentTraining
import Synchronization
import Wire

/// Publishes versions and moves aliases while everybody asks.
///
/// In the beginning it publishes as many versions of the small model as stay loaded, and some of the large one: each of
/// them takes memory for good. From then on every version that comes makes another one go.
final class SoakPublisher: SoakClient {
  /// The alias that clients know beside `stable`.
  static let secondAlias = "canary"
  /// As many as the service keeps loaded of a model.
  private static let smallVersions = 32
  private static let largeVersions = 3
  /// Plays between two publishes, once all versions that stay loaded are there; an alias moves in each play.
  private static let playsPerPublish = 8

  let pause = Duration.seconds(2)
  private let plays = Atomic<Int>(0)

  func play(_ soak: SoakScene) throws {
    let count = plays.wrappingAdd(1, ordering: .relaxed).newValue
    if count == 1 { return try publishWhatStaysLoaded(soak) }
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
