import Foundation
import Learning
import StudentTraining
import TestSupport
import Testing

/// A teacher service that dies while a student learns from it, and comes back.
@Suite struct TeacherRestartTests {
  private static func job(_ teacher: String, in folder: TemporaryFolder, as name: String) -> TrainingJob {
    var job = TrainingJob(
      environment: "CartPole-v1", teacher: teacher, steps: 8192, seed: 3, registry: folder.path("\(name).sqlite"),
      model: "student")
    job.settings.environments = 32
    job.evaluation.episodes = 0
    return job
  }

  @Test func theStudentIsTheOneThatItWouldHaveBeen() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let undisturbed = try await JobRunner(Self.job("\(registry)/cartpole", in: folder, as: "near")).run()

    let (updates, update) = AsyncStream.makeStream(of: Void.self)
    let killed = Signal()
    let first = try await RunningTeacher.serve(registry: registry) { teacher in
      let runner = try JobRunner(Self.job("\(teacher.address)/cartpole", in: folder, as: "far"))
      let training = Task {
        try await runner.run { progress in
          // Half of the steps are still to be asked about.
          guard !killed.isRaised, progress.steps * 2 >= progress.stepsTotal else { return }
          killed.raise()
          kill(teacher.processIdentifier, SIGKILL)
          update.yield()
        }
      }
      for await _ in updates { break }
      return (training: training, address: teacher.address)
    }
    #expect(first.code == -SIGKILL)
    let second = try await RunningTeacher.serve(
      registry: registry, arguments: ["--listen", first.answer.address]
    ) { _ in try await first.answer.training.value }
    #expect(second.answer.sha256 == undisturbed.sha256)
  }

  @Test func anInterruptedTrainingDoesNotWaitForTheTeacher() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let (updates, update) = AsyncStream.makeStream(of: Void.self)
    let training = try await RunningTeacher.serve(registry: registry) { teacher in
      let runner = try JobRunner(Self.job("\(teacher.address)/cartpole", in: folder, as: "far"))
      let training = Task {
        try await runner.run { _ in
          kill(teacher.processIdentifier, SIGKILL)
          update.yield()
        }
      }
      for await _ in updates { break }
      return training
    }.answer
    training.cancel()
    await #expect(throws: CancellationError.self) { try await training.value }
  }
}
