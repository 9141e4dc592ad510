import Neural
public import Registry

/// A version that arrives in pieces from somebody else: staged in the registry as it comes, and checked as a policy
/// before it becomes a version.
///
/// For one caller at a time. End it by `commit` or `abort`.
public struct PolicyIntake: ~Copyable {
  private let stage: ArtefactStage
  private let model: String
  private var content: [UInt8] = []

  /// - Parameters:
  ///   - bytes, sha256: of the whole artefact, as announced.
  /// - Throws: `RegistryError` `invalid` for a name or size that is refused.
  public init(_ store: PolicyStore, model: String, bytes: Int, sha256: ContentHash) throws {
    stage = try store.registry.begin(model: model, bytes: bytes, sha256: sha256)
    self.model = model
    // Reserved as it arrives: an announcement alone takes no memory.
  }

  /// How many bytes have come.
  public var received: Int { content.count }

  /// Takes the next bytes; `offset` must be `received`.
  public mutating func append(offset: Int, _ data: some Sequence<UInt8>) throws {
    let before = content.count
    content.append(contentsOf: data)
    try stage.append(offset: offset, content[before...])
  }

  /// Decodes the policy, computes its golden rows and compares them with the publisher's, and makes the version.
  ///
  /// - Parameter golden: what the publisher's own forward pass gave; nil where the publisher has none.
  /// - Returns: the version, durable, and the policy ready to serve.
  /// - Throws: `RegistryError`, `NeuralError`, `ModelStoreError`; nothing is kept then.
  public consuming func commit(
    lineage: Lineage, golden: GoldenRows?, who: String, requestID: String?
  ) throws -> StoredModel {
    do {
      // Size and hash first: what is not the announced file is not worth decoding.
      try stage.requireComplete()
      let inference = InferencePolicy(try PolicyArtefact.decode(content))
      try golden?.check(inference)
      let golden = golden ?? GoldenRows(of: inference)
      let version = PolicyStore.newVersion(
        of: inference.policy, model: model, lineage: lineage, golden: golden, requestID: requestID)
      return StoredModel(inference: inference, version: try stage.commit(version, who: who), golden: golden)
    } catch {
      stage.abort()
      throw error
    }
  }

  /// Gives it up.
  public consuming func abort() {
    stage.abort()
  }
}
