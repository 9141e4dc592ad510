import ModelStore
import Neural
import NIOPosix
import Registry
import TeacherServing
import Wire

/// The versions of a registry's file, for the service.
///
/// The registry blocks the thread that calls it, so it is called on threads of its own: one changes it and loads from
/// it, the other one, with a connection of its own, reads what takes long. Neither waits for the other.
struct RegistryVersionStore: VersionStore {
  private let store: PolicyStore
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let reader: PolicyStore
  private let readerThread = NIOThreadPool(numberOfThreads: 1)

  /// Makes an empty registry where there is none.
  init(path: String) throws {
    store = try PolicyStore(path: path, mode: .create)
    reader = try PolicyStore(path: path, mode: .readOnly)
    thread.start()
    readerThread.start()
  }

  func close() async {
    try? await readerThread.shutdownGracefully()
    try? await thread.shutdownGracefully()
  }

  func perform<Answer: Sendable>(
    _ body: @escaping @Sendable (PolicyStore) throws -> Answer
  ) async throws -> Answer {
    try await Self.run(on: thread, store, body)
  }

  /// What takes long, or may: piece by piece, so that others who read get in between.
  func look<Answer: Sendable>(
    _ body: @escaping @Sendable (PolicyStore) throws -> Answer
  ) async throws -> Answer {
    try await Self.run(on: readerThread, reader, body)
  }

  private static func run<Answer: Sendable>(
    on thread: NIOThreadPool, _ store: PolicyStore, _ body: @escaping @Sendable (PolicyStore) throws -> Answer
  ) async throws -> Answer {
    do {
      return try await thread.runIfActive { try body(store) }
    } catch {
      throw WireStatus(storeError: error)
    }
  }

  func models() async throws -> [V1.Model] {
    try await perform { store in
      try store.registry.models().map { model in
        V1.Model(
          name: model.name, versions: try Self.versions(of: model, store),
          aliases: model.aliases.map { V1.AliasTarget(alias: $0.alias, version: $0.version) })
      }
    }
  }

  /// A version whose record is damaged is listed by its number, and keeps none of the others from being served: loading
  /// it says what is wrong.
  private static func versions(of model: ModelRecord, _ store: PolicyStore) throws -> [V1.Version] {
    do {
      return try store.registry.versions(of: model.name).map { try V1.Version($0) }
    } catch let error as RegistryError where error.code == .corrupted {
      return model.versions.map { number in
        let record = try? store.registry.resolve(model: model.name, .version(number))
        return record.flatMap { try? V1.Version($0) } ?? V1.Version(number: number)
      }
    }
  }

  func foreignChanges() async throws -> Int64 {
    try await perform { store in try store.registry.foreignChanges() }
  }

  func load(model: String, version: UInt64) async throws -> InferencePolicy {
    try await perform { store in try store.load(model: model, .version(version)).inference }
  }

  func fetch(model: String, version: UInt64) async throws -> V1.FetchHeader {
    try await look { store in
      let record = try store.registry.resolve(model: model, .version(version))
      try store.registry.checkArtefact(of: record)
      let golden = try store.registry.golden(of: record).map { try GoldenRows($0) }
      return V1.FetchHeader(
        version: record.number, artefactBytes: UInt64(record.artefactBytes), sha256: record.sha256.bytes,
        lineage: V1.Lineage(record.lineage),
        golden: golden.map {
          V1.Golden(rows: $0.rows, observations: $0.observations, outputs: $0.outputs, values: $0.values)
        })
    }
  }

  func artefactBytes(model: String, version: UInt64, from offset: Int) async throws -> [UInt8] {
    try await look { store in
      try store.registry.artefactBytes(
        of: try store.registry.resolve(model: model, .version(version)), from: offset)
    }
  }

  func publish(_ header: V1.PublishHeader, artefact: [UInt8], who: String) async throws -> Publication {
    try await perform { store in
      guard let sha256 = ContentHash(bytes: header.sha256) else {
        throw WireStatus(.invalidArgument, "a SHA-256 of \(header.sha256.count) bytes, expected 32")
      }
      var intake = try PolicyIntake(store, model: header.model, bytes: artefact.count, sha256: sha256)
      do {
        try intake.append(offset: 0, artefact)
      } catch {
        intake.abort()
        throw error
      }
      let stored = try intake.commit(
        lineage: Lineage(header.lineage ?? V1.Lineage()),
        golden: header.golden.map {
          GoldenRows(rows: $0.rows, observations: $0.observations, outputs: $0.outputs, values: $0.values)
        }, who: who, requestID: header.requestID.isEmpty ? nil : header.requestID)
      return Publication(
        version: try V1.Version(stored.version), policy: stored.inference,
        aliases: try Self.aliases(of: header.model, store))
    }
  }

  private static func aliases(of model: String, _ store: PolicyStore) throws -> [V1.AliasTarget] {
    try store.registry.aliases(of: model).map { V1.AliasTarget(alias: $0.alias, version: $0.version) }
  }

  func moveAlias(
    _ request: V1.AliasRequest, who: String
  ) async throws -> (reply: V1.AliasReply, aliases: [V1.AliasTarget]) {
    try await perform { store in
      let move = try store.registry.moveAlias(
        model: request.model, alias: request.alias, to: request.version == 0 ? nil : request.version, who: who,
        why: request.reason, requestID: request.requestID.isEmpty ? nil : request.requestID)
      return (V1.AliasReply(from: move.from ?? 0, to: move.to ?? 0), try Self.aliases(of: request.model, store))
    }
  }

  func history(of model: String) async throws -> [V1.AliasChange] {
    try await look { store in
      try store.registry.history(of: model).map {
        V1.AliasChange(
          alias: $0.alias, from: $0.from ?? 0, to: $0.to ?? 0, who: $0.who, whenMicroseconds: $0.whenMicroseconds,
          reason: $0.why)
      }
    }
  }

  func verify(model: String) async throws -> [V1.VerifyResult] {
    let steps = try await look { try $0.verification(of: model.isEmpty ? nil : model, briefly: true) }
    var results: [V1.VerifyResult] = []
    for step in steps {
      results += try await look { $0.check(step) }.map {
        V1.VerifyResult(
          model: $0.model ?? "", version: $0.version ?? 0, ok: $0.problem == nil, problem: $0.problem ?? "")
      }
    }
    return results
  }
}
