import ArgumentParser
import Console
import Learning
import Neural
import StudentTraining

/// `docent distill`
struct DistillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill", abstract: "Trains a student that asks a teacher about every state that it visits.",
    discussion: """
      The student acts in its own environments, the teacher answers over TCP (or in this process, where it is a model of a \
      registry's file), and the student learns to answer alike. The finished student is the next version of the model in the \
      registry, with the teacher's versions, their SHA-256 and the number of queries as its lineage. The same seed and the \
      same teacher give the same student, bit for bit, wherever the teacher runs.

      Examples:
        docent distill CartPole-v1 --teacher 127.0.0.1:7070/cartpole --hidden 8,8 --steps 20000 --seed 1 \
      --registry student.sqlite --model cartpole-8x8
        docent distill CartPole-v1 --teacher 'teacher.sqlite/cartpole#1' --hidden 8,8 --steps 20000 \
      --registry student.sqlite --model cartpole-8x8
      """)

  @Argument(help: ArgumentHelp("The environment, as `docent env list` names it.", valueName: "environment"))
  var environment: String
  @Option(
    help: ArgumentHelp(
      "Whom to ask: HOST:PORT/MODEL or unix:SOCKET/MODEL, or R.sqlite/MODEL for a teacher in this process; then nothing, @ALIAS or #VERSION.",
      valueName: "reference"))
  var teacher: String
  @Option(
    help: ArgumentHelp("The student's hidden layers. (default: 8,8)", valueName: "widths"),
    transform: DistillCommand.widths)
  var hidden = [8, 8]
  @Option(help: "The student's activation.")
  var activation = Activation.tanh
  @Option(help: ArgumentHelp("Steps of all environments together.", valueName: "count"))
  var steps: Int
  @Option(help: ArgumentHelp("Decides the student, bit for bit.", valueName: "number"))
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("The registry that keeps the student; made where there is none.", valueName: "file"))
  var registry: String
  @Option(help: ArgumentHelp("The student's name there.", valueName: "name"))
  var model: String
  @Option(help: ArgumentHelp("Environments that step side by side, an even number.", valueName: "count"))
  var environments = DistillationSettings().environments
  @Option(help: ArgumentHelp("Softens both distributions of the loss.", valueName: "tau"))
  var temperature = DistillationSettings().temperature
  @Option(help: ArgumentHelp("Episodes that the finished student plays; 0 for none.", valueName: "count"))
  var evaluationEpisodes = 100
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    var settings = DistillationSettings()
    settings.environments = environments
    settings.temperature = temperature
    let job = TrainingJob(
      environment: environment, teacher: teacher,
      student: TrainingJob.Student(hidden: hidden, activation: activation), steps: steps, seed: seed,
      registry: registry, model: model, settings: settings,
      evaluation: TrainingJob.Evaluation(episodes: evaluationEpisodes), connection: connection.connection)
    let runner = try JobRunner(job)
    let display = ProgressDisplay("distill \(environment)")
    defer { display.finish() }
    let summary = try await Interruption.cancels {
      try await runner.run { display.update(ProgressState($0)) }
    }
    display.finish()
    try output.results.print(summary, text: summary.text)
  }

  static func widths(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let width = Int(word), width > 0 else {
        throw ValidationError("hidden layers '\(text)', expected widths such as 64,64")
      }
      return width
    }
  }
}
