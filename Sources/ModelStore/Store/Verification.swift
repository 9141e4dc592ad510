import Registry

/// What checking one version found, or a problem of something larger.
public struct VerificationResult: Hashable, Sendable {
  /// nil: the registry as a whole.
  public let model: String?
  /// nil: the model as a whole, such as its aliases.
  public let version: UInt64?
  /// nil: everything is as it was published.
  public let problem: String?

  public init(model: String?, version: UInt64?, problem: String?) {
    self.model = model
    self.version = version
    self.problem = problem
  }
}

/// A part of a verification, between whose parts others may use the registry.
public enum VerificationStep: Hashable, Sendable {
  /// A version: its record, the artefact's SHA-256, whether it decodes, its golden rows.
  case version(model: String, number: UInt64)
  /// A model's aliases, with their history.
  case aliases(model: String)
  /// A small table with its indexes, as SQLite checks it.
  case table(String)
  /// The whole file, as SQLite checks it: one long look.
  case file
  /// Something that could not even be listed.
  case problem(VerificationResult)
}

extension PolicyStore {
  /// Checks every version of one model, or of all, their aliases, and the registry's file. By model, then number; a
  /// result for each version, and one for each other problem. What fails does not hide the rest.
  ///
  /// - Throws: `RegistryError` `notFound` for a model that is not there.
  public func verify(model: String? = nil) throws -> [VerificationResult] {
    try verification(of: model).flatMap { check($0) }
  }

  /// The parts of a verification.
  ///
  /// - Parameter briefly: no part keeps writers waiting for longer than the largest table beside the artefacts takes:
  ///   of the artefacts, what is read and hashed is checked, and not which pages hold it.
  /// - Throws: `RegistryError` `notFound` for a model that is not there.
  public func verification(of model: String?, briefly: Bool = false) throws -> [VerificationStep] {
    var steps: [VerificationStep] = []
    do {
      for record in try model.map({ [try registry.model($0)] }) ?? registry.models() {
        steps += record.versions.map { .version(model: record.name, number: $0) }
        steps.append(.aliases(model: record.name))
      }
    } catch let error as RegistryError where error.code != .notFound {
      steps.append(.problem(VerificationResult(model: model, version: nil, problem: error.message)))
    }
    guard briefly else { return steps + [.file] }
    do {
      return steps + (try registry.smallTables().map { .table($0) })
    } catch {
      return steps + [.problem(VerificationResult(model: nil, version: nil, problem: "\(error)"))]
    }
  }

  /// Checks one part.
  public func check(_ step: VerificationStep) -> [VerificationResult] {
    switch step {
    case .version(let model, let number):
      let problem = message { _ = try load(model: model, .version(number)) }
      return [VerificationResult(model: model, version: number, problem: problem)]
    case .aliases(let model):
      return problems(model) { try registry.aliasProblems(of: model) }
    case .table(let table):
      return problems(nil) { try registry.integrityProblems(ofTable: table) }
    case .file:
      return problems(nil) { try registry.integrityProblems() }
    case .problem(let result): return [result]
    }
  }

  private func problems(_ model: String?, _ body: () throws -> [String]) -> [VerificationResult] {
    var found: [String] = []
    if let failure = message({ found = try body() }) { found.append(failure) }
    return found.map { VerificationResult(model: model, version: nil, problem: $0) }
  }

  private func message(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }
}
