import ArgumentParser
import Console
import Foundation

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures serving, inference and training against their targets.",
    discussion: """
      Without a subcommand all three are measured, in some minutes. Every line says what was measured, its target, and \
      whether that was reached; a missed target is no failure of the command.

      Examples:
        docent bench
        docent bench wire --json
        docent bench wire --pairs 3 --seconds 0.2
      """,
    subcommands: [Wire.self, Inference.self, Training.self, EchoCommand.self])

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await WireBench().run(results: output.results)
    try Inference.measure(output.results)
    try await TrainingBench().run(results: output.results)
  }

  struct Wire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures the teacher service against a raw epoll echo.",
      discussion: """
        Starts docent-teacher with a CartPole policy of 4-64-64-2, and an echo that answers frames of the same sizes. \
        Each figure is the median of ratios of pairs of measurements, one of each.
        """)

    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Pairs of measurements behind each ratio.", valueName: "n"))
    var pairs = 10

    @Option(help: ArgumentHelp("How long each measurement lasts.", valueName: "s"))
    var seconds = 0.5

    @Option(
      help: ArgumentHelp(
        """
        Measure nothing: make this folder, with a registry, the first bytes of a connection and a query in it, for other \
        load tools.
        """,
        valueName: "folder"))
    var writeFrames: String?

    func validate() throws {
      guard pairs > 0 else { throw ValidationError("--pairs is \(pairs), expected 1 or more") }
      guard seconds > 0, seconds <= 3600 else {
        throw ValidationError("--seconds is \(seconds), expected more than 0 and at most 3600")
      }
    }

    func run() async throws {
      if let writeFrames {
        try FileManager.default.createDirectory(atPath: writeFrames, withIntermediateDirectories: false)
        try BenchModel.make(registry: "\(writeFrames)/teacher.sqlite").writeFrames(to: writeFrames, output.results)
      } else {
        try await WireBench(pairs: pairs, seconds: seconds).run(results: output.results)
      }
    }
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
