public import Neural

/// How `Distillation` trains a student.
public struct DistillationSettings: Codable, Hashable, Sendable {
  /// The student's hidden layers.
  public var hidden = [8, 8]
  public var activation = Activation.tanh

  /// Environments that the student acts in, in two halves: an even number. Each query of the teacher has half of them.
  public var environments = 128
  /// Steps of each environment between two rounds of updates.
  public var segmentSteps = 8
  /// Gradient steps after each segment, on minibatches drawn from the stored rows.
  public var updatesPerSegment = 32
  public var minibatchRows = 256
  /// Rows that are kept with the teacher's answers, the newest ones. Every row is asked for once, however often it is drawn.
  public var replayRows = 1 << 20

  /// tau: both distributions are softened by it.
  public var temperature: Float = 1
  /// Times the mean of (V_S - V_T)^2. Above 0 the student has a value of its own on the same trunk.
  public var valueCoefficient: Float = 0

  public var learningRate: Float = 1e-2
  public var learningRateSchedule = Schedule.linear
  public var adamEpsilon: Float = 1e-5
  public var maxGradientNorm: Float? = 0.5

  public init() {}

  /// Throws `LearningError` with what was given and what makes sense.
  public func validate() throws(LearningError) {
    typealias E = LearningError
    try E.require(
      environments >= 2 && environments.isMultiple(of: 2) && environments <= 1 << 20,
      "\(environments) environments; an even number is needed, for two halves")
    try E.require(segmentSteps > 0, "\(segmentSteps) steps a segment; at least 1 is needed")
    try E.require(updatesPerSegment > 0, "\(updatesPerSegment) updates a segment; at least 1 is needed")
    try E.require(minibatchRows > 0, "minibatches of \(minibatchRows) rows; at least 1 is needed")
    try E.require(
      replayRows >= environments * segmentSteps && replayRows < Int(Int32.max),
      "\(replayRows) rows to keep; a segment has \(environments * segmentSteps)")
    try E.require(
      temperature > 0 && temperature.isFinite, "a temperature of \(temperature); it must be above 0")
    try E.require(valueCoefficient >= 0, "a value coefficient of \(valueCoefficient); it must not be below 0")
    try E.require(learningRate > 0 && learningRate.isFinite, "a learning rate of \(learningRate); it must be above 0")
    try E.require(adamEpsilon > 0, "an Adam epsilon of \(adamEpsilon); it must be above 0")
    try E.require(maxGradientNorm.map { $0 > 0 } ?? true, "the largest gradient norm must be above 0")
  }
}
