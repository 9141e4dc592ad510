import ArgumentParser
import Console

extension BenchCommand {
  /// `docent bench rollout`
  struct Rollout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures rollouts: swaps under load, shares, leases, gates that catch, shadows, publishing.",
      discussion: """
        Starts docent-teacher with versions of its own for each question, in some two minutes for all of them. A ratio is \
        the median over pairs of measurements, one of each; a time is the longest of several rollouts.

        Examples:
          docent bench rollout
          docent bench rollout --only swaps --json
          docent bench rollout --pairs 3 --seconds 0.2 --only shadow
        """)

    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Pairs of measurements behind each ratio.", valueName: "n"))
    var pairs = 10

    @Option(help: ArgumentHelp("How long each measurement lasts.", valueName: "s"))
    var seconds = 0.5

    @Option(help: ArgumentHelp("Measure only the rows whose names contain this.", valueName: "words"))
    var only = ""

    func validate() throws {
      guard pairs > 0 else { throw ValidationError("--pairs is \(pairs), expected 1 or more") }
      guard seconds > 0, seconds <= 3600 else {
        throw ValidationError("--seconds is \(seconds), expected more than 0 and at most 3600")
      }
      guard only.isEmpty || RolloutBench.names.contains(where: { $0.contains(only) }) else {
        throw ValidationError(
          "--only '\(only)' is part of no row's name, expected words of one of:\n  "
            + RolloutBench.names.joined(separator: "\n  "))
      }
    }

    func run() async throws {
      let effort = WireEffort(bench: "rollout", pairs: pairs, seconds: seconds)
      try await RolloutBench(effort: effort, only: only).run(results: output.results)
    }
  }
}
