import ArgumentParser
import Console
import Learning
import ModelStore
import Registry
import StudentTraining
import Wire

/// `docent evaluate`: what a model reaches on seeds that no training used.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Plays episodes with a stored or a served model.",
    discussion: """
      Episodes run on seeds that no training used, each from its reset to its end. The interval is a 95% bootstrap \
      interval of the interquartile mean.

      Examples:
        docent evaluate CartPole-v1 --model teacher.sqlite/cartpole --episodes 100
        docent evaluate CartPole-v1 --model 'teacher.sqlite/cartpole#2' --stochastic --json
        docent evaluate CartPole-v1 --model 127.0.0.1:7070/cartpole@stable
        docent evaluate CartPole-v1 --random
      """)

  @Argument(help: ArgumentHelp("The environment.", valueName: "env"))
  var environment: String
  @Option(
    help: ArgumentHelp("The model: \(ModelReference.form).", valueName: "reference"),
    transform: { try ModelReference($0) })
  var model: ModelReference?
  @Flag(help: "Draw actions evenly instead of asking a model.")
  var random = false
  @Option(help: "How many episodes to play.")
  var episodes = 100
  @Option(help: "Which episodes: another seed, others.")
  var seed: UInt64 = 0
  @Flag(help: "Draw actions from the model's distribution; without it the most probable action is taken.")
  var stochastic = false
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (model == nil) == random else {
      throw ValidationError(
        "\(random ? "both" : "neither") of --model and --random given; expected one, as in --model teacher.sqlite/cartpole"
      )
    }
    guard episodes > 0 else { throw ValidationError("--episodes is \(episodes); expected at least 1") }
  }

  func run() async throws {
    let job = EvaluationJob(
      environment: environment,
      settings: Evaluation.Settings(episodes: episodes, seed: seed, deterministic: !stochastic),
      connection: connection)
    let display = ProgressDisplay("evaluate \(environment)", unit: "episodes")
    defer { display.finish() }
    let summary = try await job.run(model) { [episodes] in
      display.update(ProgressState(done: $0, total: episodes))
    }
    display.finish()
    try output.results.print(summary, text: summary.text)
  }
}

/// Evaluates a model wherever it is.
struct EvaluationJob: Sendable {
  let environment: String
  let settings: Evaluation.Settings
  /// To a model that is served.
  let connection: ConnectionOptions

  /// - Parameter reference: nil for random actions.
  func run(
    _ reference: ModelReference?, progress: @escaping @Sendable (Int) -> Void
  ) async throws -> EvaluationSummary {
    guard let reference else {
      return try await play(as: "random", deterministic: false) {
        (try Evaluation.random(environment: environment, settings: settings), [])
      }
    }
    switch reference.place {
    case .registry:
      return try await play(as: "\(reference)") {
        let stored = try StoredModel.load(reference)
        return try ask(InProcessTeacher(stored.inference, version: stored.version.number), progress)
      }
    case .server, .socket:
      return try await connection.withClient("\(reference.place)") { client in
        let model = try await ServedModel(client, model: reference.model, selector: reference.selector)
        return try await play(as: "\(reference)") { try ask(RemoteTeacher(model), progress) }
      }
    }
  }

  private func ask(
    _ teacher: any TeacherPolicy, _ progress: @escaping @Sendable (Int) -> Void
  ) throws -> (EvaluationResult, [UInt64]) {
    let counted = CountedTeacher(teacher)
    let result = try Evaluation.run(counted, environment: environment, settings: settings, progress: progress)
    return (result, counted.rows.keys.sorted())
  }

  private func play(
    as model: String, deterministic: Bool? = nil, _ body: @escaping @Sendable () throws -> (EvaluationResult, [UInt64])
  ) async throws -> EvaluationSummary {
    try await onOwnThread {
      let start = ContinuousClock.now
      let (result, versions) = try body()
      return EvaluationSummary(
        environment: environment, model: model, versions: versions, settings: settings,
        deterministic: deterministic ?? settings.deterministic, result: result,
        seconds: (ContinuousClock.now - start) / .seconds(1))
    }
  }
}
