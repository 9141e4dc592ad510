import Learning
import ModelStore
import Neural
import Registry
import Wire

/// The teacher that a job names: behind a service, or loaded from a registry's file into this process.
enum JobTeacher: Sendable {
  case served(ServedModel)
  case stored(StoredModel)

  /// Connects or loads, and checks that the teacher is one for the job's environment.
  static func open(_ job: TrainingJob) async throws -> JobTeacher {
    let reference = try job.teacherReference
    let spec = try job.spec
    let teacher: JobTeacher
    let environment: String
    switch reference.place {
    case .server, .socket:
      var configuration = try job.connection.configuration()
      // A run that waits for its teacher goes on soon after it is back.
      configuration.reconnect.maximum = .seconds(10)
      let client = try await TeacherClient.connect(to: "\(reference.place)", configuration: configuration)
      let model = try await ServedModel(
        client, model: reference.model, selector: reference.selector, patience: job.connection.patience)
      environment = model.environment
      teacher = .served(model)
    case .registry:
      let stored = try await onOwnThread { try StoredModel.load(reference) }
      environment = stored.policy.architecture.environment
      teacher = .stored(stored)
    }
    let policy = teacher.makePolicy()
    try TeacherFit.require(
      teacher: job.teacher, environment: environment, observationWidth: policy.observationWidth, head: policy.head,
      for: spec)
    return teacher
  }

  /// For one thread.
  func makePolicy() -> any TeacherPolicy {
    switch self {
    case .served(let model): RemoteTeacher(model)
    case .stored(let stored): InProcessTeacher(stored.inference, version: stored.version.number)
    }
  }

  /// The lineage of a student that asked so many rows of each version.
  func uses(_ rows: [UInt64: Int]) async throws -> [TeacherUse] {
    let name: String
    let hashes: [UInt64: ContentHash]
    switch self {
    case .served(let model):
      name = model.name
      hashes = try await model.artefactHashes().compactMapValues { ContentHash(bytes: $0) }
    case .stored(let stored):
      name = stored.version.model
      hashes = [stored.version.number: stored.version.sha256]
    }
    return rows.sorted { $0.key < $1.key }.map { version, count in
      TeacherUse(model: name, version: version, sha256: hashes[version], queries: UInt64(count))
    }
  }

  func close() async {
    if case .served(let model) = self { await model.client.close() }
  }
}
