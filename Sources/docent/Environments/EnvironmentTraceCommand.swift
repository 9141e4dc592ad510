import ArgumentParser
import Console
import Environments

/// `docent env trace`: the steps of one environment, for comparing it with another implementation.
struct EnvironmentTraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Steps one environment through given actions, one JSON object a line.",
    discussion: """
      The first line is the reset; then comes a line a step with the state before it, the action, the observation, the \
      reward, whether the episode terminated or was truncated, and the state after it. Where an episode ends, the \
      environment resets itself, and a line of its own says so.

      Examples:
        docent env trace CartPole-v1 --seed 42 --actions 0,1,1,0
        docent env trace CartPole-v1 --seed 0 --actions 1,1,1,1,1,1,1,1,1,1,1,1
      """)

  @Argument(help: ArgumentHelp("The environment.", valueName: "env"))
  var environment: String
  @Option(help: "Seed of the environment's random stream.")
  var seed: UInt64 = 0
  @Option(
    help: ArgumentHelp(
      "Actions, separated by commas; with several numbers an action, their numbers in a row.", valueName: "a,b,c"))
  var actions: String

  func run() async throws {
    let spec = try EnvironmentCatalog.spec(id: environment)
    let trace = try EnvironmentTrace(
      environments: EnvironmentCatalog.make(id: environment, count: 1), actions: TraceActions(actions, for: spec))
    let results = ResultPrinter(json: true)
    try trace.run(seed: seed, reset: results.printJSON, step: results.printJSON)
  }
}

/// The actions of a trace, checked against the space.
struct TraceActions {
  let discrete: [Int32]
  let box: [Float]
  let width: Int
  let count: Int

  init(_ text: String, for spec: EnvironmentSpec) throws {
    let words = text.split(separator: ",").map { $0.drop { $0 == " " } }
    width = spec.actionSpace.width
    switch spec.actionSpace {
    case .discrete(let count):
      box = []
      discrete = try words.map { word in
        guard let action = Int32(word), action >= 0 && action < count else {
          throw ValidationError("'\(word)' is no action of \(spec.id): it takes 0 to \(count - 1)")
        }
        return action
      }
    case .box(let low, _):
      discrete = []
      box = try words.map { word in
        guard let number = Float(word), number.isFinite else {
          throw ValidationError("'\(word)' is no action of \(spec.id): it takes numbers")
        }
        return number
      }
      guard box.count.isMultiple(of: low.count) else {
        throw ValidationError(
          "\(box.count) numbers make no whole actions of \(spec.id): it takes \(low.count) an action")
      }
    }
    count = words.count / width
  }
}
