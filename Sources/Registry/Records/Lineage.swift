/// Where a version comes from: the run that made it, and exactly which teachers it learned from.
public struct Lineage: Hashable, Sendable {
  /// The identifier of the run that made the version. The run may be in another registry, that of the student.
  public var run: String?
  /// "ppo", "distillation", "import"...
  public var algorithm: String?
  public var seed: UInt64?
  /// Steps of the environment that the version has learned from.
  public var environmentSteps: UInt64?
  public var teachers: [TeacherUse]

  public init(
    run: String? = nil, algorithm: String? = nil, seed: UInt64? = nil, environmentSteps: UInt64? = nil,
    teachers: [TeacherUse] = []
  ) {
    self.run = run
    self.algorithm = algorithm
    self.seed = seed
    self.environmentSteps = environmentSteps
    self.teachers = teachers
  }
}

/// One version of a teacher, and how much a student asked of it.
public struct TeacherUse: Hashable, Sendable {
  public var model: String
  public var version: UInt64
  /// Of the teacher's artefact; nil when the teacher did not tell it.
  public var sha256: ContentHash?
  /// How many states (rows) this version answered.
  public var queries: UInt64

  public init(model: String, version: UInt64, sha256: ContentHash?, queries: UInt64) {
    self.model = model
    self.version = version
    self.sha256 = sha256
    self.queries = queries
  }
}
