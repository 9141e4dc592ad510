import Learning
import ModelStore
import Neural
import Registry
import Wire

/// The teacher that a job names: behind a service, or loaded from a registry's file into this process.
enum JobTeacher: Sendable {
  case remote(RemoteTeacher)
  case stored(StoredModel)

  /// Connects or loads, and checks that the teacher is one for the job's environment.
  static func open(_ job: TrainingJob) async throws -> JobTeacher {
    let reference = try job.teacherReference
    let spec = try job.spec
    let teacher: JobTeacher
    let environment: String
    switch reference.place {
    case .server:
      let client = try await TeacherClient.connect(to: "\(reference.place)")
      let remote = try await RemoteTeacher(client, model: reference.model, selector: reference.selector)
      environment = remote.environment
      teacher = .remote(remote)
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
    case .remote(let remote): remote
    case .stored(let stored): InProcessTeacher(stored.inference, version: stored.version.number)
    }
  }

  /// The lineage of a student that asked so many rows of each version.
  func uses(_ rows: [UInt64: Int]) async throws -> [TeacherUse] {
    let name: String
    let hashes: [UInt64: ContentHash]
    switch self {
    case .remote(let remote):
      name = remote.model
      hashes = try await remote.artefactHashes().compactMapValues { ContentHash(bytes: $0) }
    case .stored(let stored):
      name = stored.version.model
      hashes = [stored.version.number: stored.version.sha256]
    }
    return rows.sorted { $0.key < $1.key }.map { version, count in
      TeacherUse(model: name, version: version, sha256: hashes[version], queries: UInt64(count))
    }
  }

  func close() async {
    if case .remote(let remote) = self { await remote.client.close() }
  }
}
