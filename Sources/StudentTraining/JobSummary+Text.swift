import Console

extension JobSummary {
  /// For people, on a few lines.
  public var text: String {
    var lines = [
      "\(model)#\(version) in \(registry) (\(NumberFormat.grouped(parameters)) parameters, run \(run))",
      "trained   \(NumberFormat.grouped(environmentSteps)) steps and \(NumberFormat.grouped(episodes)) episodes of "
        + "\(environment) in \(NumberFormat.fixed(seconds, digits: 2)) s, \(NumberFormat.rate(stepsPerSecond)) steps/s, "
        + "seed \(seed)",
    ]
    for teacher in teachers {
      let hash = teacher.sha256.map { " (\($0.prefix(12)))" } ?? ""
      let queries = NumberFormat.grouped(Int(clamping: teacher.queries))
      lines.append("teacher   \(teacher.model)#\(teacher.version)\(hash) answered \(queries) queries")
    }
    if let evaluation {
      func shown(_ number: Double) -> String { NumberFormat.fixed(number, digits: 1) }
      lines.append(
        "return    mean \(shown(evaluation.mean)), interquartile mean \(shown(evaluation.interquartileMean)) "
          + "[\(shown(evaluation.low)), \(shown(evaluation.high))] over \(evaluation.episodes) episodes")
    }
    return lines.joined(separator: "\n")
  }
}
