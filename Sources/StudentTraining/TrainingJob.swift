public import Learning
public import Neural

/// What to train: which student, in which environment, from which teacher, and where it is kept.
///
/// As YAML (only `student`, `seed`, `settings`, `evaluation` and `connection` may be left out):
/// ```yaml
/// environment: CartPole-v1
/// teacher: 127.0.0.1:7070/cartpole  # HOST:PORT/MODEL[@ALIAS|#VERSION], unix:SOCKET/MODEL, or REGISTRY.sqlite/MODEL in this process
/// student:
///   hidden: [8, 8]
///   activation: tanh
/// steps: 20000                      # of all environments together
/// seed: 1                           # the same seed gives the same student, bit for bit
/// registry: student.sqlite          # where the run and the student's versions are kept
/// model: cartpole-8x8
/// settings:                         # of the distillation, where they are not the defaults
///   environments: 128
///   temperature: 1
/// evaluation:
///   episodes: 100
///   seed: 0
/// connection:                       # to the teacher's service
///   tls: true
///   token_file: token               # without it the token is DOCENT_TOKEN of the environment
/// ```
public struct TrainingJob: Codable, Hashable, Sendable {
  /// The student's network.
  public struct Student: Codable, Hashable, Sendable {
    /// Widths of its hidden layers.
    public var hidden = [8, 8]
    public var activation = Activation.tanh

    public init(hidden: [Int] = [8, 8], activation: Activation = .tanh) {
      self.hidden = hidden
      self.activation = activation
    }
  }

  /// What the finished student plays, with the most probable actions.
  public struct Evaluation: Codable, Hashable, Sendable {
    /// 0: it plays none.
    public var episodes = 100
    public var seed: UInt64 = 0

    public init(episodes: Int = 100, seed: UInt64 = 0) {
      self.episodes = episodes
      self.seed = seed
    }
  }

  public var environment: String
  /// `HOST:PORT/MODEL[@ALIAS|#VERSION]`, `unix:SOCKET/MODEL[@ALIAS|#VERSION]` or `REGISTRY.sqlite/MODEL[@ALIAS|#VERSION]`.
  public var teacher: String
  public var student = Student()
  /// Steps of all environments together.
  public var steps: Int
  public var seed: UInt64 = 0
  /// The path of the registry that keeps the run and the student's versions; made where it is not there.
  public var registry: String
  /// The name that the student is published under.
  public var model: String
  /// The student's own fields are taken from ``student``.
  public var settings = DistillationSettings()
  public var evaluation = Evaluation()
  /// How the teacher's service is reached; of no meaning for a teacher in this process.
  public var connection = TeacherConnection()

  public init(
    environment: String, teacher: String, student: Student = Student(), steps: Int, seed: UInt64 = 0,
    registry: String, model: String, settings: DistillationSettings = DistillationSettings(),
    evaluation: Evaluation = Evaluation(), connection: TeacherConnection = TeacherConnection()
  ) {
    self.environment = environment
    self.teacher = teacher
    self.student = student
    self.steps = steps
    self.seed = seed
    self.registry = registry
    self.model = model
    self.settings = settings
    self.evaluation = evaluation
    self.connection = connection
  }
}
