import Yams

extension RolloutPlan {
  /// Reads a plan from YAML, and so from JSON; what it does not say has its default. Keys are the plan's fields in
  /// snake_case; durations are as in ``PlanDuration``, gates as in ``Gate``, `return_range` is `[low, high]`.
  ///
  /// - Throws: `PlanError` with code `unreadable`, the line, and what was expected: for a text that is no YAML, an
  ///   unknown key, or a value of another type. Whether the values make sense is ``validate()``'s to say.
  public init(yaml text: String) throws(PlanError) {
    self = try PlanReader.plan(text)
  }

  /// The plan as YAML that reads back as the same plan, every default included.
  public var text: String {
    var lines: [String] = []
    if candidate > 0 { lines.append("candidate: \(candidate)") }
    lines += [
      "steps: [\(steps.map(shortest).joined(separator: ", "))]",
      "every: \(PlanDuration.text(every))",
      "patience: \(PlanDuration.text(patience))",
      "minimum_episodes: \(minimumEpisodes)",
      "gates: [\(gates.map { "'\($0)'" }.joined(separator: ", "))]",
      "shadow_percent: \(shortest(shadowPercent))",
      "alpha: \(shortest(alpha))",
    ]
    if let range = returnRange { lines.append("return_range: [\(shortest(range.low)), \(shortest(range.high))]") }
    lines += ["episode_timeout: \(PlanDuration.text(episodeTimeout))", "watch: \(PlanDuration.text(watch))"]
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Lays what a text says over a plan's defaults.
private enum PlanReader {
  static func plan(_ text: String) throws(PlanError) -> RolloutPlan {
    guard let node = try compose(text) else { return RolloutPlan() }
    guard let mapping = node.mapping else {
      throw fault(node, "expected a mapping of \(known)")
    }
    var values: [RolloutPlan.CodingKeys: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, let field = RolloutPlan.CodingKeys(rawValue: name) else {
        throw fault(key, "unknown key '\(key.string ?? "")'; known are \(known)")
      }
      values[field] = value
    }
    return try plan(of: values)
  }

  private static let known = RolloutPlan.CodingKeys.allCases.map(\.rawValue).sorted().joined(separator: ", ")

  private static func plan(of values: [RolloutPlan.CodingKeys: Node]) throws(PlanError) -> RolloutPlan {
    let defaults = RolloutPlan()
    func optional<Value>(
      _ key: RolloutPlan.CodingKeys, _ read: (RolloutPlan.CodingKeys, Node) throws(PlanError) -> Value
    ) throws(PlanError) -> Value? {
      guard let node = values[key] else { return nil }
      return try read(key, node)
    }
    let every = try optional(.every, duration) ?? defaults.every
    return RolloutPlan(
      candidate: try optional(.candidate, version) ?? defaults.candidate,
      steps: try optional(.steps, numbers) ?? defaults.steps,
      every: every,
      patience: try optional(.patience, duration),
      minimumEpisodes: try optional(.minimumEpisodes, count) ?? defaults.minimumEpisodes,
      gates: try optional(.gates, gates) ?? defaults.gates,
      shadowPercent: try optional(.shadowPercent, number),
      alpha: try optional(.alpha, number) ?? defaults.alpha,
      returnRange: try optional(.returnRange, range),
      episodeTimeout: try optional(.episodeTimeout, duration) ?? defaults.episodeTimeout,
      watch: try optional(.watch, duration))
  }

  // MARK: Values

  private static func version(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> UInt64 {
    guard let text = node.string, let value = UInt64(text), value > 0 else {
      throw fault(key, node, "a version, a whole number from 1")
    }
    return value
  }

  private static func count(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> Int {
    guard let value = node.int else { throw fault(key, node, "a whole number") }
    return value
  }

  private static func number(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> Double {
    guard let value = node.float, value.isFinite else { throw fault(key, node, "a number") }
    return value
  }

  private static func numbers(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> [Double] {
    guard let items = node.sequence else { throw fault(key, node, "a list of numbers") }
    var values: [Double] = []
    for item in items { values.append(try number(key, item)) }
    return values
  }

  private static func range(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> ReturnRange {
    guard let items = node.sequence, items.count == 2 else {
      throw fault(key, node, "[low, high], the least return and the largest")
    }
    return ReturnRange(low: try number(key, items[0]), high: try number(key, items[1]))
  }

  private static func duration(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> Double {
    guard let text = node.string else { throw fault(key, node, "a duration like 90s, 10m or 2h") }
    do throws(PlanError) {
      return try PlanDuration.seconds(text)
    } catch {
      throw fault(node, "\(key.rawValue): \(error.message)")
    }
  }

  private static func gates(_ key: RolloutPlan.CodingKeys, _ node: Node) throws(PlanError) -> [Gate] {
    guard let items = node.sequence else { throw fault(key, node, "a list of gates like kl<0.05") }
    var gates: [Gate] = []
    for item in items {
      guard let text = item.string else { throw fault(key, item, "gates like kl<0.05") }
      do throws(PlanError) {
        gates.append(try Gate(text))
      } catch {
        throw PlanError(error.code, "plan:\(item.mark?.line ?? 1): \(error.message)")
      }
    }
    return gates
  }

  // MARK: Faults

  private static func compose(_ text: String) throws(PlanError) -> Node? {
    // Plans come over the wire too, and comparing keys that are nested aliases takes time exponential in the text.
    let scalars = text.unicodeScalars
    if let mark = scalars.firstIndex(where: { $0 == "&" || $0 == "*" }) {
      let line = scalars[..<mark].count { $0 == "\n" } + 1
      throw PlanError(
        .unreadable, "plan:\(line): '\(scalars[mark])' is there, expected a plan without anchors and aliases")
    }
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      switch error {
      case .duplicatedKeysInMapping(let duplicates, _):
        let keys = duplicates.map { "'\($0)'" }.sorted()
        throw PlanError(.unreadable, "plan: \(keys.joined(separator: ", ")) is there twice")
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw PlanError(.unreadable, "plan:\(mark.line): no YAML: \(problem)")
      default: throw PlanError(.unreadable, "plan: no YAML: \(error)")
      }
    } catch {
      throw PlanError(.unreadable, "plan: no YAML: \(error)")
    }
  }

  private static func fault(_ node: Node, _ message: String) -> PlanError {
    PlanError(.unreadable, "plan:\(node.mark?.line ?? 1): \(message)")
  }

  private static func fault(_ key: RolloutPlan.CodingKeys, _ node: Node, _ expected: String) -> PlanError {
    let value = node.string.map { "'\($0)'" } ?? (node.sequence == nil ? "a mapping" : "a list")
    return fault(node, "\(key.rawValue) is \(value), expected \(expected)")
  }
}
