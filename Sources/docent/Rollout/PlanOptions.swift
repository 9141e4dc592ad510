import ArgumentParser
import Foundation
import RolloutControl
import Yams

/// A rollout's plan: a file, options, or options over a file.
struct PlanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("A plan in YAML; options override it.", valueName: "file"))
  var plan: String?
  @Option(help: ArgumentHelp("The version to roll out.", valueName: "version"))
  var to: UInt64?
  @Option(
    help: ArgumentHelp("Percent of new episodes, step by step. (default: 1,5,25,50,100)", valueName: "percents"),
    transform: percents)
  var steps: [Double]?
  @Option(
    help: ArgumentHelp("How long a step lasts at least: 90s, 10m, 2h. (default: 10m)", valueName: "time"),
    transform: seconds)
  var every: Double?
  @Option(
    help: ArgumentHelp(
      "How long beyond that a step waits for evidence before the rollout pauses. (default: twice --every)",
      valueName: "time"), transform: seconds)
  var patience: Double?
  @Option(
    help: ArgumentHelp("Episodes of the candidate's that have to end in a step. (default: 100)", valueName: "count"))
  var minimumEpisodes: Int?
  @Option(
    help: ArgumentHelp(
      """
      What has to hold at every step, as 'kl<0.05'; again for more. Of kl, value, errors and latency with <, agreement \
      and return with >. (default: kl<0.05, agreement>0.95 and errors<0.05)
      """, valueName: "gate"), transform: gate)
  var gate: [Gate] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The least and the largest return of an episode, which a gate on returns needs.", valueName: "low:high"),
    transform: range)
  var returns: ReturnRange?
  @Option(
    help: ArgumentHelp(
      "Percent of rows that the other version computes too, unseen. (default: 10)", valueName: "percent"))
  var shadow: Double?
  @Option(
    help: ArgumentHelp(
      "The chance that any gate of the rollout decides wrongly. (default: 0.05)", valueName: "probability"))
  var alpha: Double?
  @Option(
    help: ArgumentHelp("After how long an episode without a report is given up. (default: 5m)", valueName: "time"),
    transform: seconds)
  var episodeTimeout: Double?
  @Option(
    help: ArgumentHelp("How long the promoted version is watched. (default: --every)", valueName: "time"),
    transform: seconds)
  var watchFor: Double?

  func validate() throws {
    if to == 0 { throw ValidationError("version 0 given with --to; versions count from 1") }
    guard plan != nil || to != nil else {
      throw ValidationError("neither --to nor --plan given; expected the version to roll out, as in --to 3")
    }
    // What a file adds is checked with it.
    if plan == nil {
      do { _ = try resolved(over: "") } catch let error as PlanError { throw ValidationError(error.message) }
    }
  }

  /// The plan that the options and the file make together.
  ///
  /// - Throws: `PlanError`, of the file with its line; what reading the file throws.
  func resolved() throws -> RolloutPlan {
    guard let plan else { return try resolved(over: "") }
    return try resolved(over: try String(contentsOfFile: plan, encoding: .utf8))
  }

  /// Keys are overridden and not values: what a plan leaves out may depend on what it says, as `patience` on `every`.
  private func resolved(over text: String) throws -> RolloutPlan {
    // First as it stands, so that its faults have their lines.
    _ = try RolloutPlan(yaml: text)
    var keys = try Yams.compose(yaml: text)?.mapping ?? [:]
    func set(_ key: String, _ value: Node?) {
      if let value { keys[Node(key)] = value }
    }
    func number(_ value: Double) -> Node { Node("\(value)") }
    func time(_ value: Double) -> Node { Node(PlanDuration.text(value)) }
    set("candidate", to.map { Node("\($0)") })
    set("steps", steps.map { Node($0.map(number)) })
    set("every", every.map(time))
    set("patience", patience.map(time))
    set("minimum_episodes", minimumEpisodes.map { Node("\($0)") })
    set("gates", gate.isEmpty ? nil : Node(gate.map { Node($0.description) }))
    set("return_range", returns.map { Node([number($0.low), number($0.high)]) })
    set("shadow_percent", shadow.map(number))
    set("alpha", alpha.map(number))
    set("episode_timeout", episodeTimeout.map(time))
    set("watch", watchFor.map(time))
    let resolved = try RolloutPlan(yaml: try Yams.serialize(node: .mapping(keys)))
    try resolved.validate()
    return resolved
  }

  // MARK: Values

  private static func percents(_ text: String) throws -> [Double] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard numbers.count == parts.count else {
      throw ValidationError("'\(text)' given, expected percentages with commas between them, as in 1,5,25,50,100")
    }
    return numbers
  }

  private static func seconds(_ text: String) throws -> Double {
    do { return try PlanDuration.seconds(text) } catch { throw ValidationError(error.message) }
  }

  private static func gate(_ text: String) throws -> Gate {
    do { return try Gate(text) } catch { throw ValidationError(error.message) }
  }

  private static func range(_ text: String) throws -> ReturnRange {
    let ends = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1] else {
      throw ValidationError("'\(text)' given, expected the least return and the largest, as in 0:500")
    }
    return ReturnRange(low: low, high: high)
  }
}
