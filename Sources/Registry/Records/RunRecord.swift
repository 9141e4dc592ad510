/// A training run.
public struct RunRecord: Hashable, Sendable {
  public enum State: String, Sendable {
    case running, finished, failed, cancelled
  }

  public let id: String
  /// The model that the run publishes to.
  public let model: String
  public let environment: String
  public let algorithm: String
  public let seed: UInt64
  public let hyperParametersJSON: String
  public let startedMicroseconds: Int64
  public let finishedMicroseconds: Int64?
  public let state: State
  /// Why it failed, or a line about how it ended.
  public let note: String
}

/// What is known of a run when it begins.
public struct NewRun: Hashable, Sendable {
  public var model: String
  public var environment: String
  public var algorithm: String
  public var seed: UInt64
  /// A JSON object.
  public var hyperParametersJSON: String

  public init(model: String, environment: String, algorithm: String, seed: UInt64, hyperParametersJSON: String) {
    self.model = model
    self.environment = environment
    self.algorithm = algorithm
    self.seed = seed
    self.hyperParametersJSON = hyperParametersJSON
  }
}

/// One number that a run measured at one step.
public struct Metric: Hashable, Sendable {
  public var step: Int64
  public var name: String
  /// NaN is kept as such: a run that diverged says so.
  public var value: Double

  public init(step: Int64, name: String, value: Double) {
    self.step = step
    self.name = name
    self.value = value
  }
}
