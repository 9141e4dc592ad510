import Environments
import Neural

/// On-policy distillation: the student acts, and learns to answer as the teacher would in every state that it visits.
///
/// The loss is Hinton's (2015, arXiv 1503.02531): tau^2 KL(softmax(z_T / tau) to softmax(z_S / tau)), the forward KL, on
/// the student's own states (DAgger, Ross et al. 2011, with beta 0; "student-driven" in Czarnecki et al. 2019). Earlier
/// states are kept with their answers and drawn again: each is asked for once, when it is visited.
///
/// The student's parameters are decided by environment, settings, seed and the teacher's numbers, bit for bit: a
/// teacher in this process and the same one behind a network give the same student, whatever the timing.
public final class Distillation {
  public let settings: DistillationSettings
  public let environment: String
  public let seed: UInt64

  private let teacher: CountedTeacher
  private let environments: any VectorEnvironment
  private let storage: StepStorage
  private let actionCount: Int
  private let network: TrainableNetwork
  private var optimizer: Adam
  private var actionGenerator: PCG64
  private var minibatchGenerator: PCG64
  private var tracker: EpisodeTracker

  /// Of a half of the environments acting.
  private let actions: Memory<Int32>
  private let uniforms: Memory<Float>
  // Of a minibatch, or of a half acting: what the student says.
  private let logits: Memory<Float>
  private let values: Memory<Float>
  // Of a minibatch.
  private let indices: Memory<Int32>
  private let observations: Memory<Float>
  private let teacherLogits: Memory<Float>
  private let teacherValues: Memory<Float>
  private let logitGradients: Memory<Float>
  private let valueGradients: Memory<Float>

  private var stepsDone = 0
  /// The block that is on its way in each of the teacher's slots: as many as a segment has.
  private var asked: [Int?]
  private var nextSlot = 0

  /// - Throws: `LearningError` for settings that make no sense and for a teacher that does not fit the environment or
  ///   gives no logits; `EnvironmentError` for an unknown environment.
  public init(
    environment: String, teacher: any TeacherPolicy, settings: DistillationSettings = DistillationSettings(),
    seed: UInt64
  ) throws {
    try settings.validate()
    self.environment = environment
    self.teacher = CountedTeacher(teacher)
    self.settings = settings
    self.seed = seed
    environments = try EnvironmentCatalog.make(id: environment, count: settings.environments)
    let spec = environments.spec
    try requireFit(observationWidth: teacher.observationWidth, head: teacher.head, to: spec, who: "the teacher")
    guard case .categorical(let actionCount) = teacher.head else {
      throw LearningError(
        code: .unsupported,
        message: "distillation takes a teacher's logits so far; this one gives \(teacher.head.summary)")
    }
    self.actionCount = actionCount
    storage = StepStorage(for: environments)
    network = TrainableNetwork(
      architecture: try PolicyArchitecture(
        environment: environment, observationWidth: spec.observationWidth, head: teacher.head,
        policyHidden: settings.hidden, sharedTrunk: settings.valueCoefficient > 0,
        hasValue: settings.valueCoefficient > 0, activation: settings.activation),
      seed: SeedRange.stream(seed, .parameters))
    optimizer = Adam(
      count: network.parameterCount, learningRate: settings.learningRate, epsilon: settings.adamEpsilon)
    actionGenerator = PCG64(seed: SeedRange.stream(seed, .actions))
    minibatchGenerator = PCG64(seed: SeedRange.stream(seed, .minibatches))
    tracker = EpisodeTracker(environments: settings.environments)
    asked = Array(repeating: nil, count: 2 * settings.segmentSteps)

    let rows = settings.minibatchRows
    let rowsMax = max(rows, settings.environments)
    actions = Memory(settings.environments)
    uniforms = Memory(settings.environments)
    logits = Memory(rowsMax * actionCount)
    values = Memory(rowsMax)
    indices = Memory(rows)
    observations = Memory(rows * spec.observationWidth)
    teacherLogits = Memory(rows * actionCount)
    teacherValues = Memory(rows)
    logitGradients = Memory(rows * actionCount)
    valueGradients = Memory(rows)
    environments.reset(seed: SeedRange.training.base(seed), observations: storage.buffers.observations)
  }

  /// Acts, asks and learns for at most `steps` environment steps: whole steps of all environments, the last segment
  /// shorter where they do not divide.
  ///
  /// - Throws: what `progress` and the teacher throw, and `LearningError` (`diverged`).
  public func train(steps: Int, progress: ProgressHandler? = nil) throws -> TrainingOutcome {
    let count = settings.environments
    try LearningError.require(steps >= count, "\(steps) steps to train; \(count) environments need as many at least")
    let stopwatch = Stopwatch()
    let block = count / 2
    let taught = TaughtRows(
      capacity: min(settings.replayRows, steps), block: block, observationWidth: storage.observationWidth,
      outputWidth: actionCount)
    while stepsDone + count <= steps {
      let done = Double(stepsDone) / Double(steps)
      try collect(steps: min(settings.segmentSteps, (steps - stepsDone) / count), into: taught)
      let isLast = stepsDone + count > steps
      if isLast || taught.answered == 0 { try receiveAll(in: taught) }
      let report = try improve(on: taught, done: done)
      try progress?(
        TrainingProgress(
          steps: stepsDone, stepsTotal: steps / count * count, secondsElapsed: stopwatch.seconds,
          episodeReturn: tracker.meanReturn,
          episodes: tracker.episodes, loss: report.loss, metrics: report.metrics))
    }
    return TrainingOutcome(
      policy: try network.snapshot(), steps: stepsDone, episodes: tracker.episodes, seconds: stopwatch.seconds,
      validation: nil, teacherRows: teacher.rows)
  }

  /// One segment: the student acts by its own distribution, and the teacher is asked for every state.
  ///
  /// The student acts without the answers, so none is waited for until its slot comes round again, a segment later: so
  /// long a remote teacher has to compute. What is learnt from next depends on the turns alone.
  private func collect(steps: Int, into taught: TaughtRows) throws {
    let half = settings.environments / 2
    for _ in 0..<steps {
      for range in [0..<half, half..<2 * half] {
        if let block = asked[nextSlot] { try receive(slot: nextSlot, block: block, in: taught) }
        let block = taught.reserve()
        let width = storage.observationWidth
        let visited = taught.observations.pointer + block * width
        visited.update(from: storage.buffers.observations + range.lowerBound * width, count: half * width)
        try teacher.submit(slot: nextSlot, observations: visited, rows: half)
        asked[nextSlot] = block
        nextSlot = (nextSlot + 1) % asked.count
        act(in: range, on: visited)
      }
    }
    stepsDone += steps * settings.environments
  }

  private func receive(slot: Int, block: Int, in taught: TaughtRows) throws {
    _ = try teacher.collect(
      slot: slot, outputs: taught.outputs.pointer + block * actionCount, values: taught.values.pointer + block)
    taught.answer()
    asked[slot] = nil
  }

  /// Waits for what is still on its way.
  private func receiveAll(in taught: TaughtRows) throws {
    // The oldest first.
    for slot in asked.indices.map({ (nextSlot + $0) % asked.count }) {
      if let block = asked[slot] { try receive(slot: slot, block: block, in: taught) }
    }
  }

  /// The student's own step in one half of the environments.
  private func act(in range: Range<Int>, on visited: UnsafePointer<Float>) {
    let first = range.lowerBound
    network.forward(visited, rows: range.count, outputs: logits.pointer, values: values.pointer)
    actionGenerator.fill(uniforms.pointer, count: range.count)
    VectorMath.sampleCategorical(
      logits.pointer, rows: range.count, width: actionCount, uniforms: uniforms.pointer,
      actions: actions.pointer + first)
    environments.step(range, actions: .discrete(actions.pointer), into: storage.buffers)
    tracker.add(range, storage.buffers)
  }

  /// Gradient steps on rows drawn from all that are kept.
  private func improve(on taught: TaughtRows, done: Double) throws -> (loss: Double, metrics: [String: Double]) {
    optimizer.learningRate = settings.learningRate * settings.learningRateSchedule.factor(done: done)
    let rows = settings.minibatchRows
    let learnsValue = settings.valueCoefficient > 0
    var divergence: Float = 0
    var valueLoss: Float = 0
    var norm: Float = 0
    for _ in 0..<settings.updatesPerSegment {
      taught.draw(
        rows, &minibatchGenerator, indices: indices, observations: observations, outputs: teacherLogits,
        values: learnsValue ? teacherValues : nil)
      network.forward(observations.pointer, rows: rows, outputs: logits.pointer, values: values.pointer)
      divergence = PolicyLoss.distillation(
        teacher: teacherLogits.pointer, student: logits.pointer, rows: rows, actionCount: actionCount,
        temperature: settings.temperature, gradient: logitGradients.pointer)
      if learnsValue { valueLoss = squaredError(rows: rows) }
      network.backward(
        outputGradients: logitGradients.pointer,
        valueGradients: learnsValue ? UnsafePointer(valueGradients.pointer) : nil)
      norm = optimizer.step(
        parameters: network.parameters, gradients: network.gradients, maxNorm: settings.maxGradientNorm)
    }
    guard norm.isFinite else {
      throw LearningError(
        code: .diverged, message: "the gradient is no longer finite after \(stepsDone) steps; lower the learning rate")
    }
    var metrics = [
      "divergence": Double(divergence), "gradient_norm": Double(norm), "learning_rate": Double(optimizer.learningRate),
    ]
    if learnsValue { metrics["value_loss"] = Double(valueLoss) }
    return (Double(divergence + settings.valueCoefficient * valueLoss), metrics)
  }

  /// Mean of (V_S - V_T)^2 over the minibatch, and the gradient of its share of the loss.
  private func squaredError(rows: Int) -> Float {
    let scale = 2 * settings.valueCoefficient / Float(rows)
    var sum: Float = 0
    for row in 0..<rows {
      let error = values.pointer[row] - teacherValues.pointer[row]
      valueGradients.pointer[row] = scale * error
      sum += error * error
    }
    return sum / Float(rows)
  }
}
