import ArgumentParser
import Console
import Foundation

extension BenchCommand {
  /// `docent bench wire`
  struct Wire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures the teacher service: speed against a raw epoll echo, memory, fairness, deadlines, TLS.",
      discussion: """
        Starts docent-teacher with an untrained policy for each question, beside an echo that answers frames of the same \
        sizes where that is the yardstick. A ratio is the median over pairs of measurements, one of each.

        Examples:
          docent bench wire
          docent bench wire --pairs 3 --seconds 0.2 --json
          docent bench wire --only '64 connections'
        """)

    @OptionGroup var output: OutputOptions

    @OptionGroup var measuring: MeasureOptions

    @Option(
      help: ArgumentHelp(
        """
        Measure nothing: make this folder, with a registry, the first bytes of a connection and a query in it, for other \
        load tools.
        """,
        valueName: "folder"))
    var writeFrames: String?

    @Option(help: "The network of --write-frames.")
    var network = BenchNetwork.small

    @Option(help: ArgumentHelp("Observations in the query of --write-frames.", valueName: "n"))
    var rows = 1

    func validate() throws {
      try measuring.requireRow(of: WireBench.names)
      guard (1...4096).contains(rows) else { throw ValidationError("--rows is \(rows), expected 1 to 4096") }
    }

    func run() async throws {
      if let writeFrames {
        try FileManager.default.createDirectory(atPath: writeFrames, withIntermediateDirectories: false)
        try BenchModel.make(network, rows: rows, registry: "\(writeFrames)/teacher.sqlite")
          .writeFrames(to: writeFrames, output.results)
      } else {
        let effort = WireEffort(pairs: measuring.pairs, seconds: measuring.seconds)
        try await WireBench(effort: effort, only: measuring.only).run(results: output.results)
      }
    }
  }
}
