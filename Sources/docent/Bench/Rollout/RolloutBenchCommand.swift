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

    @OptionGroup var measuring: MeasureOptions

    func validate() throws { try measuring.requireRow(of: RolloutBench.names) }

    func run() async throws {
      let effort = WireEffort(bench: "rollout", pairs: measuring.pairs, seconds: measuring.seconds)
      try await RolloutBench(effort: effort, only: measuring.only).run(results: output.results)
    }
  }
}
