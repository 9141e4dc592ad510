import Foundation
import TestSupport
import Testing

/// A student's weights are decided by its seed, its settings and its teacher: not by where the teacher runs, nor by
/// the instruction set.
@Suite struct StudentIdentityTests {
  /// Trains a student of an imported policy, and returns the bytes of its weights.
  private static func student(
    of teacher: String, in folder: TemporaryFolder, seed: Int = 3, kernels: String? = nil
  ) async throws -> Data {
    let name = UUID().uuidString
    let registry = folder.path("\(name).sqlite")
    let trained = try await Program.docent.run(
      [
        "distill", "CartPole-v1", "--teacher", teacher, "--hidden", "8,8", "--steps", "2048", "--seed", "\(seed)",
        "--registry", registry, "--model", "student",
      ], environment: kernels.map { ["DOCENT_KERNELS": $0] } ?? [:])
    try #require(trained.code == 0, "\(trained.errors)")
    let out = folder.path("\(name).safetensors")
    let exported = try await Program.docent.run(
      "models", "export", "--registry", registry, "--model", "student", "--out", out)
    try #require(exported.code == 0, "\(exported.errors)")
    return try Data(contentsOf: URL(fileURLWithPath: out))
  }

  @Test func aRemoteTeacherMakesTheStudentOfAnInProcessOne() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let local = try await Self.student(of: "\(registry)/cartpole", in: folder)
    let remote = try await RunningTeacher.serve(registry: registry) { teacher in
      try await Self.student(of: "\(teacher.address)/cartpole", in: folder)
    }.answer
    let again = try await Self.student(of: "\(registry)/cartpole#1", in: folder)
    let other = try await Self.student(of: "\(registry)/cartpole", in: folder, seed: 4)
    #expect(remote == local)
    #expect(again == local, "the same seed repeats a run")
    #expect(other != local, "another seed is another run")
  }

  @Test(.enabled(if: cpuHasAVX2)) func everyInstructionSetMakesTheSameStudent() async throws {
    let folder = try TemporaryFolder()
    let registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
    let fastest = try await Self.student(of: "\(registry)/cartpole", in: folder)
    let avx2 = try await Self.student(of: "\(registry)/cartpole", in: folder, kernels: "avx2")
    let baseline = try await Self.student(of: "\(registry)/cartpole", in: folder, kernels: "baseline")
    #expect(avx2 == fastest)
    #expect(baseline == fastest)
  }

  private static var cpuHasAVX2: Bool {
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains(" avx2 ") ?? false
  }
}
