public import Neural
public import Registry

/// Policies in a registry, each a version as a whole: what is published gets its fingerprint and its golden rows, and
/// what is loaded has proved that it is what was published.
///
/// Calls block the thread, as the registry's do.
public struct PolicyStore: Sendable {
  public let registry: ModelRegistry

  public init(_ registry: ModelRegistry) {
    self.registry = registry
  }

  /// - Throws: `RegistryError`, as `ModelRegistry.open`.
  public init(path: String, mode: ModelRegistry.Mode) throws {
    registry = try ModelRegistry.open(path: path, mode: mode)
  }

  /// Publishes a policy as the next version of a model. On return it is durable.
  ///
  /// - Parameters:
  ///   - who: who publishes, for the records; `OperatorName.current` for a command.
  ///   - requestID: the same id again publishes nothing and answers the same.
  /// - Throws: `RegistryError`.
  public func publish(
    _ policy: Policy, model: String, lineage: Lineage = Lineage(), who: String, requestID: String? = nil
  ) throws -> VersionRecord {
    let version = Self.newVersion(
      of: policy, model: model, lineage: lineage, golden: GoldenRows(of: InferencePolicy(policy)),
      requestID: requestID)
    return try registry.publish(version, artefact: PolicyArtefact.encode(policy), who: who)
  }

  /// Loads the version that a name means now, and checks it.
  ///
  /// - Throws: `RegistryError` (`notFound`, `corrupted`); `ModelStoreError` `mismatch` for an artefact that cannot be
  ///   decoded, or that is not what was published.
  public func load(model: String, _ selector: VersionSelector = .stable) throws -> StoredModel {
    try load(registry.resolve(model: model, selector))
  }

  /// Loads a version and checks it: the artefact's SHA-256, its records, its golden rows.
  public func load(_ version: VersionRecord) throws -> StoredModel {
    let name = "\(version.model)#\(version.number)"
    let policy: Policy
    do {
      policy = try PolicyArtefact.decode(try registry.artefact(of: version))
    } catch let error as NeuralError {
      throw ModelStoreError(.mismatch, "\(name): the artefact is not a policy that can be used: \(error.message)")
    }
    if let expected = version.fingerprint, expected != policy.fingerprint {
      throw ModelStoreError(
        .mismatch, "\(name): the policy's fingerprint is \(policy.fingerprint); the registry says \(expected)")
    }
    guard (try? version.architecture) == policy.architecture else {
      throw ModelStoreError(
        .mismatch,
        "\(name): the policy's architecture is \(PolicyArtefact.architectureJSON(policy.architecture)); "
          + "the registry says \(version.architectureJSON)")
    }
    let inference = InferencePolicy(policy)
    let golden = try registry.golden(of: version).map { bytes in try GoldenRows(bytes) }
    do throws(ModelStoreError) {
      try golden?.check(inference)
    } catch {
      throw ModelStoreError(error.code, "\(name): \(error.message)")
    }
    return StoredModel(inference: inference, version: version, golden: golden)
  }

  static func newVersion(
    of policy: Policy, model: String, lineage: Lineage, golden: GoldenRows, requestID: String?
  ) -> NewVersion {
    NewVersion(
      model: model, architectureJSON: PolicyArtefact.architectureJSON(policy.architecture),
      fingerprint: policy.fingerprint, lineage: lineage, golden: golden.bytes, requestID: requestID)
  }
}
