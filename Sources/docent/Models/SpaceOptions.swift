import ArgumentParser
import Environments
import Neural

/// The spaces that a policy acts in: those of an environment by its name, or described where Docent does not have it.
struct SpaceOptions: ParsableArguments {
  struct Spaces {
    let environment: String
    let observationWidth: Int
    let actions: StableBaselines3.Actions
  }

  @Option(help: ArgumentHelp("The environment's id, such as CartPole-v1.", valueName: "env"))
  var environment: String
  @Option(help: ArgumentHelp("For another environment: numbers in an observation.", valueName: "n"))
  var observationWidth: Int?
  @Option(help: ArgumentHelp("For another environment with discrete actions: how many.", valueName: "n"))
  var actions: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("For another environment with continuous actions: the smallest, e.g. -1,-1.", valueName: "a,b"))
  var actionLow: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("For another environment with continuous actions: the largest, e.g. 1,1.", valueName: "a,b"))
  var actionHigh: String?

  func validate() throws {
    let described = observationWidth != nil || actions != nil || actionLow != nil || actionHigh != nil
    if EnvironmentCatalog.all.contains(where: { $0.id == environment }) {
      guard !described else {
        throw ValidationError(
          "\(environment) has spaces of its own; expected no --observation-width, --actions, --action-low or --action-high"
        )
      }
      return
    }
    let known = EnvironmentCatalog.all.map(\.id).joined(separator: ", ")
    guard let observationWidth, (actions != nil) != (actionLow != nil), (actionLow == nil) == (actionHigh == nil) else {
      throw ValidationError(
        "environment '\(environment)' is not one of \(known); for another one give --observation-width, and either "
          + "--actions, or --action-low and --action-high")
    }
    guard observationWidth > 0, actions ?? 1 > 0 else {
      throw ValidationError("--observation-width \(observationWidth) and --actions \(actions ?? 1); expected 1 or more")
    }
    if let actionLow, let actionHigh { _ = (try Self.numbers(actionLow), try Self.numbers(actionHigh)) }
  }

  func resolve() throws -> Spaces {
    guard let width = observationWidth else {
      let spec = try EnvironmentCatalog.spec(id: environment)
      let actions: StableBaselines3.Actions =
        switch spec.actionSpace {
        case .discrete(let count): .discrete(count)
        case .box(let low, let high): .box(low: low, high: high)
        }
      return Spaces(environment: environment, observationWidth: spec.observationWidth, actions: actions)
    }
    if let actions {
      return Spaces(environment: environment, observationWidth: width, actions: .discrete(actions))
    }
    return Spaces(
      environment: environment, observationWidth: width,
      actions: .box(low: try Self.numbers(actionLow ?? ""), high: try Self.numbers(actionHigh ?? "")))
  }

  private static func numbers(_ text: String) throws -> [Float] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let number = Float(word), number.isFinite else {
        throw ValidationError("'\(word)' in '\(text)' is no number; expected numbers separated by commas, as in -1,-1")
      }
      return number
    }
  }
}
