import Foundation

/// Where a demo's files go.
struct DemoFolder {
  static let model = "cartpole"
  static let studentModel = "cartpole-student"

  let path: String
  var teacherRegistry: String { path + "/teacher.sqlite" }
  var studentRegistry: String { path + "/student.sqlite" }

  /// - Parameter path: a folder without a demo's files in it; nil for the first of `.docent/demo-1`, `-2` ... that is free.
  init(_ path: String?) throws {
    if let path {
      self.path = path
      for file in [teacherRegistry, studentRegistry] where FileManager.default.fileExists(atPath: file) {
        throw DemoFailure("\(file) exists already; expected a folder without one, or no --directory")
      }
    } else {
      var number = 1
      while FileManager.default.fileExists(atPath: ".docent/demo-\(number)") { number += 1 }
      self.path = ".docent/demo-\(number)"
    }
    try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
  }

  /// Writes the student's job, and returns its path.
  func writeJob(environment: String, teacher: String, hidden: String, steps: Int, seed: UInt64) throws -> String {
    let job = path + "/job.yaml"
    let text = """
      environment: \(environment)
      teacher: \(teacher)/\(Self.model)
      student:
        hidden: [\(hidden)]
      steps: \(steps)
      seed: \(seed)
      registry: \(studentRegistry)
      model: \(Self.studentModel)

      """
    try text.write(toFile: job, atomically: true, encoding: .utf8)
    return job
  }

  var whatNext: String {
    """
    The files are in \(path). Next:
      docent models show --registry \(studentRegistry) --model \(Self.studentModel)
      docent models history --registry \(teacherRegistry) --model \(Self.model)
      docent-teacher serve --registry \(teacherRegistry)
      docent query 127.0.0.1:7070/\(Self.model) --observation 0.1,0.2,0.3,0.4
    """
  }
}
