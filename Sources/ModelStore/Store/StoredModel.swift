import Foundation
public import Neural
public import Registry

/// A version that was loaded and checked, ready to serve.
public struct StoredModel: Sendable {
  /// The policy with its weights packed.
  public let inference: InferencePolicy
  public let version: VersionRecord
  /// nil where the version was stored without.
  public let golden: GoldenRows?

  public var policy: Policy { inference.policy }

  public init(inference: InferencePolicy, version: VersionRecord, golden: GoldenRows?) {
    self.inference = inference
    self.version = version
    self.golden = golden
  }

  /// Loads what a reference to a registry's file means now.
  ///
  /// - Throws: as `PolicyStore.load`; `ModelStoreError` `usage` for a reference to a server.
  public static func load(_ reference: ModelReference) throws -> StoredModel {
    guard case .registry(let path) = reference.place else {
      throw ModelStoreError(
        .usage,
        "'\(reference)' is behind a server; expected a model in a registry's file, as in R.sqlite/\(reference.selection)"
      )
    }
    return try PolicyStore(path: path, mode: .readOnly).load(model: reference.model, reference.selector)
  }
}

extension VersionRecord {
  /// The architecture as the registry has it, without reading the artefact.
  ///
  /// - Throws: `DecodingError` or `NeuralError` for one that this program cannot read.
  public var architecture: PolicyArchitecture {
    get throws { try JSONDecoder().decode(PolicyArchitecture.self, from: Data(architectureJSON.utf8)) }
  }
}
