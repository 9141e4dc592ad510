import ArgumentParser
import Console
import ModelStore
import StudentTraining

/// `docent-student train`
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Runs one training job, then ends.",
    discussion: """
      A job is a YAML file; paths in it are relative to the working directory. Only the first five keys are needed:

        environment: CartPole-v1
        teacher: 127.0.0.1:7070/cartpole  # HOST:PORT/MODEL[@ALIAS|#VERSION], or REGISTRY.sqlite/MODEL in this process
        steps: 20000                      # of all environments together
        registry: student.sqlite          # keeps the run and the student's versions
        model: cartpole-8x8
        student:
          hidden: [8, 8]
          activation: tanh
        seed: 1                           # the same seed gives the same student, bit for bit
        settings:                         # of the distillation; all of them: --settings
          environments: 128
          temperature: 1
        evaluation:
          episodes: 100
          seed: 0
        connection:                       # to the teacher's service
          tls: true                       # or tls_ca: FILE, to trust the authorities in it and no others
          token_file: token               # without it the token is DOCENT_TOKEN of the environment
          timeout: 300                    # seconds that a query may take, a restart of the service included

      Examples:
        docent-student train job.yaml
        docent-student train job.yaml --json
        docent-student train --settings
      """)

  @Argument(help: ArgumentHelp("The job's YAML file.", valueName: "job.yaml"))
  var job: String?
  @Flag(help: "Print a job with every setting at its default, and end.")
  var settings = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (job == nil) == settings else {
      throw ValidationError("expected a job's file, as in `docent-student train job.yaml`, or --settings")
    }
  }

  func run() async throws {
    guard let job else {
      StandardStream.output.write(try TrainingJob.exampleYAML())
      return
    }
    let runner = try runner(of: job)
    let display = ProgressDisplay("distill \(runner.job.environment)")
    defer { display.finish() }
    let summary = try await Interruption.cancels {
      try await runner.run { display.update(ProgressState($0)) }
    }
    display.finish()
    try output.results.print(summary, text: summary.text)
  }

  private func runner(of file: String) throws -> JobRunner {
    let text = String(decoding: try WholeFile.read(file), as: UTF8.self)
    return try JobRunner(TrainingJob(yaml: text, file: file))
  }
}
