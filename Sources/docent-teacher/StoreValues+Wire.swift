import Foundation
import ModelStore
import Neural
import Registry
import TeacherServing
import Wire

// The registry's records in the words of the schema, and back.

extension V1.Version {
  init(_ record: VersionRecord) throws {
    self.init(
      number: record.number, sha256: record.sha256.bytes, artefactBytes: UInt64(record.artefactBytes),
      createdMicroseconds: record.createdMicroseconds, lineage: V1.Lineage(record.lineage))
    // A version whose description cannot be read can still be listed; loading it says what is wrong.
    let architecture = try? JSONDecoder().decode(PolicyArchitecture.self, from: Data(record.architectureJSON.utf8))
    policy = architecture.map { V1.Policy($0, fingerprint: record.fingerprint?.bytes ?? []) }
  }
}

extension V1.Lineage {
  init(_ lineage: Registry.Lineage) {
    self.init(
      run: lineage.run ?? "", algorithm: lineage.algorithm ?? "", seed: lineage.seed ?? 0,
      environmentSteps: lineage.environmentSteps ?? 0,
      teachers: lineage.teachers.map {
        V1.TeacherUse(model: $0.model, version: $0.version, sha256: $0.sha256?.bytes ?? [], queries: $0.queries)
      })
  }
}

extension Registry.Lineage {
  init(_ lineage: V1.Lineage) {
    self.init(
      run: lineage.run.isEmpty ? nil : lineage.run, algorithm: lineage.algorithm.isEmpty ? nil : lineage.algorithm,
      seed: lineage.seed, environmentSteps: lineage.environmentSteps,
      teachers: lineage.teachers.map {
        TeacherUse(
          model: $0.model, version: $0.version, sha256: ContentHash(bytes: $0.sha256), queries: $0.queries)
      })
  }
}

extension WireStatus {
  /// What an error of the store means to a caller.
  init(storeError error: any Error) {
    switch error {
    case let status as WireStatus: self = status
    case let error as RegistryError: self.init(Self.code(of: error), error.message)
    case let error as NeuralError: self.init(.invalidArgument, error.message)
    case let error as ModelStoreError: self.init(.failedPrecondition, error.message)
    default: self.init(.internalError, "\(error)")
    }
  }

  private static func code(of error: RegistryError) -> Code {
    switch error.code {
    case .notFound: .notFound
    case .invalid: .invalidArgument
    case .conflict: .failedPrecondition
    case .corrupted: .dataLoss
    case .busy: .unavailable
    case .diskFull: .resourceExhausted
    default: .internalError
    }
  }
}
