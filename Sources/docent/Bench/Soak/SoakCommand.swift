import ArgumentParser
import Console

/// `docent bench soak`
struct SoakCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak", abstract: "Keeps a teacher service busy for a long time, and watches what it holds.",
    discussion: """
      Starts docent-teacher with a small and a large network, and all kinds of clients: queries whose answers are compared \
      with the policy's bit for bit, bursts of load, deadlines, cancelled queries, connections that are dropped or half \
      closed, bad frames, random bytes, slow readers, watches of health, publishes and moves of aliases. Everything stays \
      on this machine. Exits with 1 where a target is missed: resident memory at the end within 5% of what it was at \
      minute 5 (a quarter of a shorter soak, which may be too soon to be warm), no wrong answer, and no error that a \
      client did not provoke. A machine that is too busy to run the service for some seconds provokes errors too.

      Examples:
        docent bench soak
        docent bench soak --minutes 1 --json
      """)

  @Option(help: ArgumentHelp("How long.", valueName: "n"))
  var minutes = 20.0

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard minutes >= 0.1, minutes <= 10_000 else {
      throw ValidationError("--minutes is \(minutes), expected 0.1 to 10000")
    }
  }

  func run() async throws {
    let rows = try await Soak(seconds: minutes * 60).run().rows
    try output.results.print(rows, columns: SoakReport.columns)
    if rows.contains(where: { $0.isReached == false }) { throw ExitCode(1) }
  }
}
