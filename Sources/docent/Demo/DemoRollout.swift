import Console
import ModelStore
import Neural
import Registry
import Wire

/// The demo's last act: a student takes over behind the endpoint step by step, under live episodes, and a broken version
/// does not.
struct DemoRollout {
  let folder: DemoFolder
  let address: String
  let environment: String
  let story: Narrator

  /// A student is allowed to differ from its teacher, not to play worse: its returns are what counts, and one that
  /// differs widely is no student.
  private static let gates = ["return>-50", "agreement>0.7", "errors<0.05"]
  private static let model = DemoFolder.model
  private static let brokenModel = "\(DemoFolder.studentModel)-broken"

  func run() async throws -> LiveEpisodes {
    try await LiveEpisodes.play(address, model: Self.model, environment: environment) {
      try await story.run(
        "docent", "models", "publish", "--registry", folder.studentRegistry, "--model", DemoFolder.studentModel,
        "--to", "\(address)/\(Self.model)")
      try await story.run("docent", rollOut(2, "a student takes over"))

      story.say("A broken version of it, whose actions are swapped, is rolled out by the same plan")
      try publishBroken()
      try await story.run(
        "docent", "models", "publish", "--registry", folder.studentRegistry, "--model", Self.brokenModel,
        "--to", "\(address)/\(Self.model)")
      try await story.run("docent", rollOut(3, "an accident"), fails: true)
      try await requireRolledBack(3)
      try await story.run("docent", ["rollout", "history", Self.model, "--server", address])
    }
  }

  private func requireRolledBack(_ version: UInt64) async throws {
    let client = try await TeacherClient.connect(to: address)
    let rollout = try await client.rollout(V1.RolloutRequest(model: Self.model))
    await client.close()
    guard rollout.candidate == version, rollout.state == "rolled back" else {
      throw DemoFailure(
        "the rollout of version \(rollout.candidate) is \(rollout.state); expected it to be rolled back")
    }
  }

  private func rollOut(_ version: Int, _ reason: String) -> [String] {
    ["rollout", "start", Self.model, "--server", address, "--to", "\(version)", "--steps", "5,25,100"]
      + Self.gates.flatMap { ["--gate", $0] }
      + [
        "--returns", "0:500", "--every", "1s", "--patience", "60s", "--minimum-episodes", "20", "--episode-timeout",
        "10s", "--watch-for", "2s", "--reason", reason, "--follow",
      ]
  }

  /// Stores the student with its actions in the opposite order.
  private func publishBroken() throws {
    let student = try StoredModel.load(ModelReference("\(folder.studentRegistry)/\(DemoFolder.studentModel)")).policy
    let broken = try student.withPermutedActions()
    _ = try PolicyStore(path: folder.studentRegistry, mode: .existing)
      .publish(broken, model: Self.brokenModel, who: OperatorName.current)
  }
}
