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

    @Option(help: ArgumentHelp("Pairs of measurements behind each ratio.", valueName: "n"))
    var pairs = 10

    @Option(help: ArgumentHelp("How long each measurement lasts.", valueName: "s"))
    var seconds = 0.5

    @Option(help: ArgumentHelp("Measure only the rows whose names contain this.", valueName: "words"))
    var only = ""

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
      guard pairs > 0 else { throw ValidationError("--pairs is \(pairs), expected 1 or more") }
      guard seconds > 0, seconds <= 3600 else {
        throw ValidationError("--seconds is \(seconds), expected more than 0 and at most 3600")
      }
      guard only.isEmpty || WireBench.names.contains(where: { $0.contains(only) }) else {
        throw ValidationError(
          "--only '\(only)' is part of no row's name, expected words of one of:\n  "
            + WireBench.names.joined(separator: "\n  "))
      }
      guard (1...4096).contains(rows) else { throw ValidationError("--rows is \(rows), expected 1 to 4096") }
    }

    func run() async throws {
      if let writeFrames {
        try FileManager.default.createDirectory(atPath: writeFrames, withIntermediateDirectories: false)
        try BenchModel.make(network, rows: rows, registry: "\(writeFrames)/teacher.sqlite")
          .writeFrames(to: writeFrames, output.results)
      } else {
        let effort = WireEffort(pairs: pairs, seconds: seconds)
        try await WireBench(effort: effort, only: only).run(results: output.results)
      }
    }
  }
}
