import ArgumentParser
import Console
import Environments

/// `docent env`: what environments there are, and exactly what they do.
struct EnvironmentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env", abstract: "Lists the environments and traces their steps.",
    discussion: """
      Examples:
        docent env list
        docent env trace CartPole-v1 --seed 42 --actions 0,1,1,0
      """,
    subcommands: [EnvironmentListCommand.self, EnvironmentTraceCommand.self])
}

struct EnvironmentListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the environments with their spaces and limits.",
    discussion: """
      Examples:
        docent env list
        docent env list --json
      """)

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try output.results.print(
      EnvironmentCatalog.all.map(EnvironmentListing.init),
      columns: [
        TableColumn("ENVIRONMENT") { $0.environment },
        TableColumn("OBSERVATION", .right) { "\($0.observationWidth)" },
        TableColumn("ACTIONS") { $0.actions.map { "\($0) discrete" } ?? "\($0.actionLow?.count ?? 0) continuous" },
        TableColumn("STEP LIMIT", .right) { "\($0.stepLimit)" },
        TableColumn("SOLVED AT", .right) { $0.rewardThreshold.map { NumberFormat.significant($0, digits: 6) } ?? "-" },
      ])
  }
}

/// One line of `docent env list`.
private struct EnvironmentListing: Encodable {
  let environment: String
  let observationWidth: Int
  let observationLow: [Float]
  let observationHigh: [Float]
  /// How many actions a discrete space has.
  let actions: Int?
  /// Bounds of a box of actions.
  let actionLow: [Float]?
  let actionHigh: [Float]?
  let stepLimit: Int
  let rewardThreshold: Double?

  init(_ spec: EnvironmentSpec) {
    environment = spec.id
    observationWidth = spec.observationWidth
    observationLow = spec.observationLow
    observationHigh = spec.observationHigh
    stepLimit = spec.stepLimit
    rewardThreshold = spec.rewardThreshold
    switch spec.actionSpace {
    case .discrete(let count): (actions, actionLow, actionHigh) = (count, nil, nil)
    case .box(let low, let high): (actions, actionLow, actionHigh) = (nil, low, high)
    }
  }
}
