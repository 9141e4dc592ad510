/// What a finished job made.
public struct JobSummary: Codable, Hashable, Sendable {
  /// A version of the teacher that answered, and how often.
  public struct Teacher: Codable, Hashable, Sendable {
    public var model: String
    public var version: UInt64
    /// Of the teacher's artefact, in hexadecimal; nil where the service did not tell it.
    public var sha256: String?
    /// Rows that it answered.
    public var queries: UInt64
  }

  /// The finished student's episodes.
  public struct Evaluation: Codable, Hashable, Sendable {
    public var episodes: Int
    public var mean: Double
    public var interquartileMean: Double
    /// A 95% bootstrap interval of the interquartile mean.
    public var low: Double
    public var high: Double
  }

  public var environment: String
  public var registry: String
  public var model: String
  /// The version that was published.
  public var version: UInt64
  /// Of its artefact, in hexadecimal.
  public var sha256: String
  /// The run's identifier in the registry.
  public var run: String
  public var seed: UInt64
  /// Numbers of the student's network.
  public var parameters: Int
  public var environmentSteps: Int
  public var episodes: Int
  /// Of the training alone.
  public var seconds: Double
  public var stepsPerSecond: Double
  public var teachers: [Teacher]
  /// nil where the job asked for none.
  public var evaluation: Evaluation?

  /// For people, on a few lines.
  public var text: String {
    var lines = [
      "\(model)#\(version) in \(registry) (\(parameters) parameters, run \(run))",
      "trained   \(environmentSteps) steps and \(episodes) episodes of \(environment) in \(rounded(seconds, 2)) s, "
        + "\(Int(stepsPerSecond)) steps/s, seed \(seed)",
    ]
    for teacher in teachers {
      let hash = teacher.sha256.map { " (\($0.prefix(12)))" } ?? ""
      lines.append("teacher   \(teacher.model)#\(teacher.version)\(hash) answered \(teacher.queries) queries")
    }
    if let evaluation {
      lines.append(
        "return    mean \(rounded(evaluation.mean, 1)), interquartile mean \(rounded(evaluation.interquartileMean, 1)) "
          + "[\(rounded(evaluation.low, 1)), \(rounded(evaluation.high, 1))] over \(evaluation.episodes) episodes")
    }
    return lines.joined(separator: "\n")
  }

  private func rounded(_ value: Double, _ digits: Int) -> String {
    let scale = digits == 1 ? 10.0 : 100.0
    return "\((value * scale).rounded() / scale)"
  }
}
