import ModelStore
import Neural
import Registry

/// Models in a registry's file.
struct RegistrySource: ModelSource {
  let store: PolicyStore

  private var registry: ModelRegistry { store.registry }

  func versions(of model: String?) throws -> [VersionListing] {
    let models = try model.map { [try registry.model($0)] } ?? registry.models()
    return try models.flatMap { model in
      try registry.versions(of: model.name).map { VersionListing($0, aliases: model.aliases) }
    }
  }

  func version(_ selection: ModelSelection) throws -> VersionListing {
    let version = try registry.resolve(model: selection.model, selection.selector)
    return VersionListing(version, aliases: try registry.aliases(of: selection.model))
  }

  func history(of model: String) throws -> [AliasChangeListing] {
    try registry.history(of: model).map { change in
      AliasChangeListing(
        model: model, alias: change.alias, from: change.from, to: change.to, who: change.who,
        when: Timestamp.text(microseconds: change.whenMicroseconds), why: change.why)
    }
  }

  func moveAlias(_ move: AliasMoveRequest) throws -> AliasMoveListing {
    // As at a service, an alias moves only to a version that has proved to be what was published.
    if let version = move.to { _ = try store.load(model: move.model, .version(version)) }
    let moved = try registry.moveAlias(
      model: move.model, alias: move.alias, to: move.to, who: OperatorName.current, why: move.why,
      requestID: move.requestID)
    return AliasMoveListing(model: move.model, alias: move.alias, from: moved.from, to: moved.to)
  }

  func verify(model: String?) throws -> [VerificationListing] {
    try store.verify(model: model).map { result in
      VerificationListing(
        model: result.model, version: result.version, ok: result.problem == nil, problem: result.problem)
    }
  }

  func artefact(of selection: ModelSelection) throws -> (bytes: [UInt8], version: UInt64) {
    let stored = try store.load(model: selection.model, selection.selector)
    return (try registry.artefact(of: stored.version), stored.version.number)
  }
}

extension VersionListing {
  init(_ version: VersionRecord, aliases: [AliasRecord]) {
    self.init(
      model: version.model, version: version.number,
      aliases: aliases.filter { $0.version == version.number }.map(\.alias), state: nil, failure: nil,
      policy: (try? version.architecture).map { PolicyListing($0, fingerprint: version.fingerprint) },
      sha256: version.sha256.hex, artefactBytes: UInt64(version.artefactBytes),
      created: Timestamp.text(microseconds: version.createdMicroseconds), who: version.who,
      lineage: Lineage(version.lineage))
  }
}

extension VersionListing.Lineage {
  init(_ lineage: Registry.Lineage) {
    self.init(
      run: lineage.run, algorithm: lineage.algorithm, seed: lineage.seed, environmentSteps: lineage.environmentSteps,
      teachers: lineage.teachers.map { teacher in
        Teacher(
          model: teacher.model, version: teacher.version, sha256: teacher.sha256?.hex, queries: teacher.queries)
      })
  }
}

extension PolicyListing {
  init(_ architecture: PolicyArchitecture, fingerprint: ContentHash?) {
    let (head, width, low, high): (String, Int, [Float]?, [Float]?) =
      switch architecture.head {
      case .categorical(let actions): ("categorical", actions, nil, nil)
      case .gaussian(let dimensions, let low, let high): ("gaussian", dimensions, low, high)
      case .qValues(let actions): ("q_values", actions, nil, nil)
      }
    self.init(
      environment: architecture.environment, observationWidth: architecture.observationWidth, head: head,
      actionWidth: width, actionLow: low, actionHigh: high, policyHidden: architecture.policyHidden,
      valueHidden: architecture.valueHidden, sharedTrunk: architecture.sharedTrunk, hasValue: architecture.hasValue,
      activation: architecture.activation.rawValue, normalized: architecture.normalizer != nil,
      parameters: UInt64(architecture.parameterCount), fingerprint: fingerprint?.hex)
  }
}
