import Environments
import Learning
import ModelStore
import Neural
import Registry

extension TrainingJob {
  /// Refuses what could not be run, before anything is opened or asked.
  ///
  /// - Throws: `StudentError` with code `invalidJob`: what was given, and what would do.
  public func validate() throws(StudentError) {
    _ = try teacherReference
    _ = try spec
    try require(RegistryName.isValid(model), "model '\(model)', expected a name of \(RegistryName.rule)")
    try require(!registry.isEmpty, "registry is empty, expected the path of the registry that keeps the student")
    try require(
      steps >= settings.environments,
      "steps is \(steps), expected at least \(settings.environments), one an environment")
    try require(evaluation.episodes >= 0, "evaluation.episodes is \(evaluation.episodes), expected 0 or more")
    try require(
      connection.timeout >= 1, "connection.timeout is \(connection.timeout), expected at least 1, in seconds")
    try require(
      connection.tlsCertificate.isEmpty == connection.tlsKey.isEmpty,
      "one of connection.tls_certificate and connection.tls_key is given, expected both or neither")
    do {
      try settings.validate()
      _ = try PolicyArchitecture(
        environment: environment, observationWidth: spec.observationWidth, head: .categorical(actions: 1),
        policyHidden: student.hidden, activation: student.activation)
    } catch {
      throw StudentError(.invalidJob, "\(error)")
    }
  }

  var teacherReference: ModelReference {
    get throws(StudentError) {
      do throws(ModelStoreError) {
        return try ModelReference(teacher)
      } catch {
        throw StudentError(.invalidJob, "teacher: \(error.message)")
      }
    }
  }

  var spec: EnvironmentSpec {
    get throws(StudentError) {
      do {
        return try EnvironmentCatalog.spec(id: environment)
      } catch {
        throw StudentError(.invalidJob, "\(error)")
      }
    }
  }

  private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(StudentError) {
    if !condition { throw StudentError(.invalidJob, message()) }
  }
}
