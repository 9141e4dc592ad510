import Registry

/// What checking one version found.
public struct VerificationResult: Hashable, Sendable {
  public let model: String
  public let version: UInt64
  /// nil: everything is as it was published.
  public let problem: String?

  public init(model: String, version: UInt64, problem: String?) {
    self.model = model
    self.version = version
    self.problem = problem
  }
}

extension PolicyStore {
  /// Checks every version of one model, or of all: the artefact's SHA-256, whether it decodes, its records, its golden
  /// rows. By model, then number. A version that fails does not hide the others.
  ///
  /// - Throws: `RegistryError` `notFound` for a model that is not there, or where the registry cannot be listed.
  public func verify(model: String? = nil) throws -> [VerificationResult] {
    let names = try model.map { [$0] } ?? registry.models().map(\.name)
    return try names.flatMap { name in
      try registry.versions(of: name).map { version in
        VerificationResult(model: name, version: version.number, problem: problem(of: version))
      }
    }
  }

  private func problem(of version: VersionRecord) -> String? {
    do {
      _ = try load(version)
      return nil
    } catch {
      return "\(error)"
    }
  }
}
