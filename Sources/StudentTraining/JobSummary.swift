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
}
