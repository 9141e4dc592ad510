import ArgumentParser
import Console

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures serving, inference and training against their targets.",
    discussion: """
      Without a subcommand serving, rollouts, inference and training are measured, in some minutes. Every line says what was \
      measured, its target, and whether that was reached; a missed target is no failure of the command. `soak` is apart: \
      it takes as long as it is told to.

      Examples:
        docent bench
        docent bench wire --json
        docent bench wire --pairs 3 --seconds 0.2 --only TLS
      """,
    subcommands: [
      Wire.self, Rollout.self, Inference.self, Training.self, SoakCommand.self, EchoCommand.self, IdleCommand.self,
    ])

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await WireBench().run(results: output.results)
    try await RolloutBench().run(results: output.results)
    try Inference.measure(output.results)
    try await TrainingBench().run(results: output.results)
  }

  struct Inference: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures forward passes against OpenBLAS.",
      discussion: "One thread each, the same networks and activations, batches of 1, 32 and 256.")

    @OptionGroup var output: OutputOptions

    func run() async throws { try Self.measure(output.results) }

    static func measure(_ results: ResultPrinter) throws {
      for measured in try InferenceBench.run() { try results.print(measured.row) }
    }
  }

  struct Training: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures PPO and distillation, in environment steps a second.")

    @OptionGroup var output: OutputOptions

    func run() async throws { try await TrainingBench().run(results: output.results) }
  }
}
