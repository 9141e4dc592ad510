import Console
import Environments
import Foundation
import Learning
import ModelStore
import Neural
import Registry
import StudentTraining
import Wire

/// How fast the algorithms learn, and what students come to.
///
/// The machine's speed changes from second to second, so rates are medians of several trainings, and remote and in-process
/// distillation take turns.
struct TrainingBench {
  private static let environment = "CartPole-v1"
  private static let modelName = "cartpole"

  /// Trainings behind each median.
  var runs = 5
  /// Pairs of trainings behind the ratio of remote to in-process.
  var pairs = 10
  /// Environment steps of each training of a pair.
  var distillationSteps = 200_000

  func run(results: ResultPrinter) async throws {
    try await results.print(
      measure("PPO, 4 x 128 steps, 4 epochs x 4 minibatches", .pureJaxRL, steps: 300_000, atLeast: 150_000))
    try await results.print(
      measure("PPO, 8 x 32 steps, batch 256, 20 epochs", .rlZoo, steps: 60_000, atLeast: 25_000))
    let teacher = try await onOwnThread {
      try PPO(environment: Self.environment, settings: .cartPole, seed: 1).train(steps: 300_000).policy
    }
    try await results.print(students(of: teacher))
    for row in try await compareDistillation(teacher) { try results.print(row) }
  }

  /// Environment steps a second of whole trainings, their updates included.
  private func measure(
    _ name: String, _ settings: PPOSettings, steps: Int, atLeast target: Double
  ) async throws -> BenchRow {
    let rates = try await onOwnThread { [runs] in
      try (0..<runs).map { run in
        let outcome = try PPO(environment: Self.environment, settings: settings, seed: UInt64(run)).train(steps: steps)
        return Double(outcome.steps) / outcome.seconds
      }
    }
    return BenchRow(
      bench: "training", name: name, value: median(rates), unit: "steps/s", target: .atLeast(target),
      details: ["least": rates.min() ?? .nan, "most": rates.max() ?? .nan])
  }

  /// The worst of five students within 20,000 steps.
  private func students(of teacher: Policy) async throws -> BenchRow {
    let means = try await onOwnThread {
      try (0..<5).map { seed in
        let student = try Distillation(
          environment: Self.environment, teacher: InProcessTeacher(teacher), settings: DistillationSettings(),
          seed: UInt64(seed)
        ).train(steps: 20_000)
        return try Evaluation.run(student.policy, environment: Self.environment).mean
      }
    }
    return BenchRow(
      bench: "training", name: "8-8 students after 20,000 steps, 5 seeds, the worst", value: means.min() ?? .nan,
      unit: "return", target: .atLeast(475), details: ["best": means.max() ?? .nan])
  }

  /// The teacher service against the same teacher in this process.
  private func compareDistillation(_ teacher: Policy) async throws -> [BenchRow] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "docent-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let registry = folder.appending(path: "teacher.sqlite").path
    _ = try PolicyStore(path: registry, mode: .create).publish(
      teacher, model: Self.modelName, who: OperatorName.current)
    return try await ServiceProcess.run(
      "docent-teacher", arguments: ["serve", "--registry", registry, "--listen", "127.0.0.1:0"]
    ) { service in
      let client = try await TeacherClient.connect(to: service.address)
      do {
        let rows = try await compare(teacher, with: ServedModel(client, model: Self.modelName))
        await client.close()
        return rows
      } catch {
        await client.close()
        throw error
      }
    }
  }

  private func compare(_ teacher: Policy, with served: ServedModel) async throws -> [BenchRow] {
    let rates = try await onOwnThread { [pairs, distillationSteps] in
      try (0..<pairs).map { pair in
        func train(_ teacher: any TeacherPolicy) throws -> (rate: Double, policy: Policy) {
          let outcome = try Distillation(
            environment: Self.environment, teacher: teacher, settings: DistillationSettings(), seed: UInt64(pair)
          ).train(steps: distillationSteps)
          return (Double(outcome.steps) / outcome.seconds, outcome.policy)
        }
        let near = try train(InProcessTeacher(teacher))
        let far = try train(RemoteTeacher(served))
        guard near.policy == far.policy else {
          throw BenchFailure("the remote teacher's student differs from the in-process teacher's")
        }
        return (near: near.rate, far: far.rate)
      }
    }
    let near = median(rates.map(\.near))
    let far = median(rates.map(\.far))
    return [
      BenchRow(bench: "training", name: "distillation, teacher in this process", value: near, unit: "steps/s"),
      BenchRow(
        bench: "training", name: "distillation over TCP", value: far, unit: "steps/s", target: .atLeast(100_000)),
      BenchRow(
        bench: "training", name: "distillation over TCP against in-process",
        value: median(rates.map { $0.far / $0.near }),
        unit: "x", target: .atLeast(0.8)),
    ]
  }
}
