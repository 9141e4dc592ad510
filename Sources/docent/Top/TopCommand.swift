import ArgumentParser
import Console
import Foundation

/// `docent top`
struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Shows what a teacher service does, live.",
    discussion: """
      Reads the metrics of a service that was started with --metrics. Rates and times are those of the last interval: \
      from a query's arrival to its forward pass (queue), of the forward pass (compute), and until the reply was written \
      (reply). Where standard output is no terminal, one measurement is printed. The key q, or Ctrl-C, ends the view.

      Examples:
        docent-teacher serve --registry teacher.sqlite --metrics 127.0.0.1:9464
        docent top 127.0.0.1:9464
        docent top 127.0.0.1:9464 --once --interval 10
        docent top 127.0.0.1:9464 --json
      """)

  @Argument(help: ArgumentHelp("HOST:PORT, as the service's --metrics has it.", valueName: "address"))
  var address: MetricsAddress

  @Option(help: ArgumentHelp("Seconds between two readings.", valueName: "s"))
  var interval = 1.0

  @Option(help: ArgumentHelp("Seconds that a reading may take.", valueName: "s"))
  var timeout = 5.0

  @Flag(help: "Print one measurement and end.")
  var once = false

  @Flag(help: "Print a JSON object an interval.")
  var json = false

  func validate() throws {
    guard interval >= 0.1, interval <= 3600 else {
      throw ValidationError("--interval is \(interval), expected 0.1 to 3600 seconds")
    }
    guard timeout >= 0.1, timeout <= 3600 else {
      throw ValidationError("--timeout is \(timeout), expected 0.1 to 3600 seconds")
    }
  }

  func run() async throws {
    let poll = TopPoll(client: MetricsClient(address: address, limit: timeout), interval: .seconds(interval))
    if once || (!json && !StandardStream.output.isTerminal) {
      let results = ResultPrinter(json: json)
      let measurement = try await Interruption.cancels { try await poll.once() }
      try results.print(measurement, text: TopText.lines(measurement).map(\.text).joined(separator: "\n"))
      return
    }
    let json = json
    do {
      try await Interruption.cancels { try await json ? poll.printLines() : poll.show() }
    } catch is Interruption {
      // The usual end of a view.
    }
  }
}

/// Reads a service's metrics again and again.
struct TopPoll: Sendable {
  let client: MetricsClient
  let interval: Duration

  private var address: String { "\(client.address)" }

  /// What the service does in one interval.
  func once() async throws -> TopMeasurement {
    let before = try await client.read()
    try await Task.sleep(for: interval)
    return TopMeasurement(address: address, from: before, to: try await client.read())
  }

  /// Prints a line of JSON an interval, until it is cancelled. An outage is told once, on standard error.
  func printLines() async throws {
    var before: ServiceReading?
    var isDown = false
    while true {
      let started = ContinuousClock.now
      do {
        let now = try await client.read()
        if before != nil {
          try ResultPrinter(json: true).printJSON(TopMeasurement(address: address, from: before, to: now))
        }
        before = now
        isDown = false
      } catch let error as MetricsFailure {
        if !isDown { StandardStream.error.write("\(error); still trying\n") }
        isDown = true
      }
      try await Task.sleep(until: started + interval)
    }
  }

  /// Shows a view on the terminal, until `q` is pressed or it is cancelled.
  func show() async throws {
    var before: ServiceReading?
    var isDownSince: ContinuousClock.Instant?
    try await LiveView.show(every: interval) {
      do {
        let now = try await client.read()
        let measurement = TopMeasurement(address: address, from: before, to: now)
        before = now
        isDownSince = nil
        return { TopText.lines(measurement, columns: $0.columns - 1, rows: $0.rows) }
      } catch let error as MetricsFailure {
        let since = isDownSince ?? .now
        isDownSince = since
        let address = address
        return {
          TopText.lines(
            failure: "\(error)", source: "docent-teacher \(address)", seconds: (.now - since) / .seconds(1),
            columns: $0.columns - 1, rows: $0.rows)
        }
      }
    }
  }
}
