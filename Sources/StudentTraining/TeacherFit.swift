import Environments
import Neural

/// Checks that a teacher is one for an environment, before the first query.
enum TeacherFit {
  /// - Parameters:
  ///   - teacher: its name, for the message.
  ///   - environment: the environment that the teacher was made for.
  /// - Throws: `StudentError` with code `misfit`: what the teacher has, and what the environment has.
  static func require(
    teacher: String, environment: String, observationWidth: Int, head: Head, for spec: EnvironmentSpec
  ) throws(StudentError) {
    func require(_ fits: Bool, _ given: String, _ expected: String) throws(StudentError) {
      if !fits {
        throw StudentError(.misfit, "teacher \(teacher) does not fit \(spec.id): it \(given), expected \(expected)")
      }
    }
    try require(
      observationWidth == spec.observationWidth, "takes observations of \(observationWidth) numbers",
      "\(spec.observationWidth)")
    switch (head, spec.actionSpace) {
    case (.categorical(let actions), .discrete(let count)), (.qValues(let actions), .discrete(let count)):
      try require(actions == count, "chooses among \(actions) actions", "\(count)")
    case (.gaussian(let dimensions, _, _), .box(let low, _)):
      try require(dimensions == low.count, "gives actions of \(dimensions) dimensions", "\(low.count)")
    case (.gaussian(let dimensions, _, _), .discrete(let count)):
      try require(false, "gives continuous actions of \(dimensions) dimensions", "\(count) discrete ones")
    case (.categorical(let actions), .box(let low, _)), (.qValues(let actions), .box(let low, _)):
      try require(false, "chooses among \(actions) discrete actions", "continuous ones of \(low.count) dimensions")
    }
    try require(environment == spec.id, "was made for \(environment)", spec.id)
  }
}
