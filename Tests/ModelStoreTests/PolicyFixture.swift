import ModelStore
import Neural
import Registry
import TestSupport

/// A store in a folder of its own.
struct StoreFixture {
  let folder: TemporaryFolder
  let store: PolicyStore

  var path: String { store.registry.path }

  init() throws {
    folder = try TemporaryFolder()
    store = try PolicyStore(path: folder.path("r.sqlite"), mode: .create)
  }
}

extension PolicyArchitecture {
  static func sample(
    environment: String = "CartPole-v1", head: Head = .categorical(actions: 2), policyHidden: [Int] = [8],
    valueHidden: [Int]? = nil, sharedTrunk: Bool = false, hasValue: Bool = true, activation: Activation = .tanh,
    normalizer: Normalizer? = nil
  ) throws -> PolicyArchitecture {
    try PolicyArchitecture(
      environment: environment, observationWidth: 4, head: head, policyHidden: policyHidden, valueHidden: valueHidden,
      sharedTrunk: sharedTrunk, hasValue: hasValue, activation: activation, normalizer: normalizer)
  }
}

extension Policy {
  /// A policy whose parameters are small, all different, and the same every time.
  static func sample(_ architecture: PolicyArchitecture? = nil, salt: Int = 0) throws -> Policy {
    let architecture = try architecture ?? .sample()
    let parameters = (0..<architecture.parameterCount).map { index in
      Float((index * 37 + salt * 11) % 101 - 50) / 64 + 1 / 128
    }
    return try Policy(architecture: architecture, parameters: parameters)
  }

  /// The same policy with one parameter changed.
  func changing(_ index: Int, _ change: (Float) -> Float) throws -> Policy {
    var parameters = parameters
    parameters[index] = change(parameters[index])
    return try Policy(architecture: architecture, parameters: parameters)
  }
}

func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}
