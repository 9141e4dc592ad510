import ModelStore
import Registry
import Wire

/// Models at a teacher service.
struct ServerSource: ModelSource {
  let client: TeacherClient

  func versions(of model: String?) async throws -> [VersionListing] {
    var models = try await client.listModels()
    if let model {
      let names = models.map(\.name).joined(separator: ", ")
      models = models.filter { $0.name == model }
      guard !models.isEmpty else {
        throw WireStatus(
          .notFound, "no model \(model) at \(client.address); it has \(names.isEmpty ? "none yet" : names)")
      }
    }
    return models.flatMap { model in model.versions.map { VersionListing($0, of: model) } }
  }

  func version(_ selection: ModelSelection) async throws -> VersionListing {
    let reply =
      switch selection.selector {
      case .version(let number): try await client.describe(model: selection.model, version: number)
      case .alias(let alias): try await client.describe(model: selection.model, alias: alias)
      }
    guard let version = reply.version else {
      throw WireStatus(.internalError, "\(client.address) described \(selection) without a version")
    }
    return VersionListing(version, of: reply.model ?? V1.Model(name: selection.model))
  }

  func history(of model: String) async throws -> [AliasChangeListing] {
    try await client.history(model: model).map { change in
      AliasChangeListing(
        model: model, alias: change.alias, from: change.from.orNone, to: change.to.orNone, who: change.who,
        when: Timestamp.text(microseconds: change.whenMicroseconds), why: change.reason)
    }
  }

  func moveAlias(_ move: AliasMoveRequest) async throws -> AliasMoveListing {
    let reply = try await client.alias(
      V1.AliasRequest(
        model: move.model, alias: move.alias, version: move.to ?? 0, reason: move.why, requestID: move.requestID))
    return AliasMoveListing(model: move.model, alias: move.alias, from: reply.from.orNone, to: reply.to.orNone)
  }

  func verify(model: String?) async throws -> [VerificationListing] {
    try await client.verify(model: model ?? "").map { result in
      VerificationListing(
        model: result.model.orNone, version: result.version.orNone, ok: result.ok,
        problem: result.ok ? nil : result.problem)
    }
  }

  func artefact(of selection: ModelSelection) async throws -> (bytes: [UInt8], version: UInt64) {
    let fetched =
      switch selection.selector {
      case .version(let number): try await client.fetch(model: selection.model, version: number)
      case .alias(let alias): try await client.fetch(model: selection.model, alias: alias)
      }
    return (fetched.bytes, fetched.header.version)
  }
}

extension VersionListing {
  init(_ version: V1.Version, of model: V1.Model) {
    let lineage = version.lineage ?? V1.Lineage()
    self.init(
      model: model.name, version: version.number,
      aliases: model.aliases.filter { $0.version == version.number }.map(\.alias), state: "\(version.state)",
      failure: version.failure.orNone, policy: version.policy.map { PolicyListing($0) }, sha256: version.sha256.hex,
      artefactBytes: version.artefactBytes, created: Timestamp.text(microseconds: version.createdMicroseconds),
      who: nil, lineage: Lineage(lineage))
  }
}

extension VersionListing.Lineage {
  fileprivate init(_ lineage: V1.Lineage) {
    self.init(
      run: lineage.run.orNone, algorithm: lineage.algorithm.orNone,
      // On the wire 0 and none are the same: without a run there was no seed.
      seed: lineage.run.isEmpty ? nil : lineage.seed, environmentSteps: lineage.environmentSteps.orNone,
      teachers: lineage.teachers.map { teacher in
        Teacher(
          model: teacher.model, version: teacher.version, sha256: teacher.sha256.hex.orNone, queries: teacher.queries)
      })
  }
}

extension PolicyListing {
  init(_ policy: V1.Policy) {
    let isGaussian = policy.head == .gaussian
    self.init(
      environment: policy.environment, observationWidth: policy.observationWidth,
      head: policy.head == .qValues ? "q_values" : "\(policy.head)", actionWidth: policy.actionWidth,
      actionLow: isGaussian ? policy.actionLow : nil, actionHigh: isGaussian ? policy.actionHigh : nil,
      policyHidden: policy.policyHidden, valueHidden: policy.valueHidden, sharedTrunk: policy.sharedTrunk,
      hasValue: policy.hasValue, activation: "\(policy.activation)", normalized: policy.normalizer != nil,
      parameters: policy.parameters, fingerprint: policy.fingerprint.hex.orNone)
  }
}

extension UInt64 {
  /// proto3 has no "none" for a number: it is 0.
  var orNone: UInt64? { self == 0 ? nil : self }
}

extension String {
  /// Nor for a text: it is empty.
  var orNone: String? { isEmpty ? nil : self }
}

extension [UInt8] {
  fileprivate var hex: String { ContentHash(bytes: self)?.hex ?? "" }
}
