import Crypto
import Neural
import Synchronization
import TeacherServing
import Wire

/// Versions in memory. An artefact's first byte is the seed of the policy that it is.
final class MemoryStore: VersionStore {
  private struct State {
    var models: [V1.Model] = []
    var history: [V1.AliasChange] = []
    var publishes = 0
    var broken: Set<UInt64> = []
    var foreignChanges: Int64 = 1
    var artefacts: [String: [UInt8]] = [:]
    var piecesRead = 0
  }

  private let state = Mutex(State())

  /// Publishes that were asked for.
  var publishes: Int { state.withLock(\.publishes) }
  /// Pieces of artefacts that were asked for.
  var piecesRead: Int { state.withLock(\.piecesRead) }
  var stored: [V1.Model] { state.withLock(\.models) }

  /// A version that cannot be loaded.
  func breakVersion(_ number: UInt64) {
    state.withLock { _ = $0.broken.insert(number) }
  }

  func mendVersion(_ number: UInt64) {
    state.withLock { _ = $0.broken.remove(number) }
  }

  static func artefact(seed: UInt8, bytes: Int = 40) -> [UInt8] {
    [seed] + [UInt8](repeating: 7, count: bytes - 1)
  }

  func foreignChanges() async throws -> Int64 { state.withLock(\.foreignChanges) }

  /// What another program does to the same store.
  func changeFromOutside(_ change: @Sendable (inout [V1.Model]) -> Void) {
    state.withLock { state in
      change(&state.models)
      state.foreignChanges += 1
    }
  }

  func models() async throws -> [V1.Model] { stored }

  func load(model: String, version: UInt64) async throws -> InferencePolicy {
    let seed = try state.withLock { state in
      guard !state.broken.contains(version) else { throw WireStatus(.dataLoss, "the artefact is corrupted") }
      return state.models.first { $0.name == model }?.versions.first { $0.number == version }?.createdMicroseconds
    }
    guard let seed else { throw WireStatus(.notFound, "no such version") }
    return try Policies.make(seed: UInt64(seed))
  }

  func fetch(model: String, version: UInt64) async throws -> V1.FetchHeader {
    try state.withLock { state in
      guard !state.broken.contains(version), let artefact = state.artefacts["\(model)#\(version)"] else {
        throw WireStatus(.dataLoss, "the artefact is corrupted")
      }
      return V1.FetchHeader(
        version: version, artefactBytes: UInt64(artefact.count), sha256: Array(SHA256.hash(data: artefact)))
    }
  }

  /// In pieces of 100,000 bytes, as a registry's rows have their size.
  func artefactBytes(model: String, version: UInt64, from offset: Int) async throws -> [UInt8] {
    state.withLock { state in
      state.piecesRead += 1
      return Array((state.artefacts["\(model)#\(version)"] ?? [])[offset...].prefix(100_000))
    }
  }

  func publish(_ header: V1.PublishHeader, artefact: [UInt8], who: String) async throws -> Publication {
    guard artefact[0] != 0 else { throw WireStatus(.invalidArgument, "an artefact that begins with 0") }
    return try state.withLock { state in
      state.publishes += 1
      let index = state.models.firstIndex { $0.name == header.model } ?? state.models.endIndex
      if index == state.models.endIndex {
        state.models.append(V1.Model(name: header.model, aliases: [V1.AliasTarget(alias: "stable", version: 1)]))
      }
      let version = V1.Version(
        number: UInt64(state.models[index].versions.count + 1), sha256: header.sha256,
        artefactBytes: UInt64(artefact.count), createdMicroseconds: Int64(artefact[0]), lineage: header.lineage)
      state.models[index].versions.append(version)
      state.artefacts["\(header.model)#\(version.number)"] = artefact
      return Publication(
        version: version, policy: try Policies.make(seed: UInt64(artefact[0])), aliases: state.models[index].aliases)
    }
  }

  func moveAlias(
    _ request: V1.AliasRequest, who: String
  ) async throws -> (reply: V1.AliasReply, aliases: [V1.AliasTarget]) {
    try state.withLock { state in
      guard let index = state.models.firstIndex(where: { $0.name == request.model }) else {
        throw WireStatus(.notFound, "no model \(request.model)")
      }
      let from = state.models[index].aliases.first { $0.alias == request.alias }?.version ?? 0
      state.models[index].aliases.removeAll { $0.alias == request.alias }
      if request.version != 0 {
        state.models[index].aliases.append(V1.AliasTarget(alias: request.alias, version: request.version))
      }
      state.history.append(
        V1.AliasChange(alias: request.alias, from: from, to: request.version, who: who, reason: request.reason))
      return (V1.AliasReply(from: from, to: request.version), state.models[index].aliases)
    }
  }

  func history(of model: String) async throws -> [V1.AliasChange] { state.withLock(\.history) }

  func verify(model: String) async throws -> [V1.VerifyResult] {
    state.withLock { state in
      state.models.flatMap { model in
        model.versions.map {
          let isBroken = state.broken.contains($0.number)
          return V1.VerifyResult(
            model: model.name, version: $0.number, ok: !isBroken, problem: isBroken ? "corrupted" : "")
        }
      }
    }
  }
}
