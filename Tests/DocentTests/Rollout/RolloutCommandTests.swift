import Foundation
import RolloutControl
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Wire

@testable import docent

/// The commands, against a service that a test scripts.
@Suite(.timeLimit(.minutes(1))) struct RolloutCommandTests {
  /// Runs a command against a service that answers everything with one reply.
  private func run(
    _ arguments: String..., reply: V1.RolloutReply = RolloutSamples.running, events: [V1.WatchEvent] = []
  ) async throws -> (outcome: Program.Outcome, requests: [V1.RolloutRequest]) {
    try await FakeRollouts.serve(events: events, answer: { _ in reply }) { address, log in
      let outcome = try await Program.docent.run(["rollout"] + arguments + ["--server", address])
      return (outcome, log.requests)
    }
  }

  private func plan(_ arguments: String...) async throws -> RolloutPlan {
    let (outcome, requests) = try await FakeRollouts.serve(answer: { _ in RolloutSamples.running }) { address, log in
      let outcome = try await Program.docent.run(["rollout", "start", "cartpole", "--server", address] + arguments)
      return (outcome, log.requests)
    }
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try RolloutPlan(yaml: try #require(requests.first).plan)
  }

  // MARK: Starting

  @Test("start sends the plan that its options make, with every default in it, and shows where the rollout stands")
  func start() async throws {
    let (outcome, requests) = try await run(
      "start", "cartpole", "--to", "3", "--steps", "0.5, 5,100", "--every", "90s", "--gate", "kl<0.05", "--gate",
      "return>-5", "--returns", "-500:0", "--minimum-episodes", "20", "--alpha", "0.01", "--shadow", "25",
      "--episode-timeout", "2h", "--watch-for", "0", "--patience", "1m", "--reason", "new data", "--request-id", "r-1")
    #expect(outcome.code == 0 && outcome.errors == "")
    #expect(outcome.output.hasPrefix("cartpole #3 over #2  running  rollout 3f2a00112233"))
    let request = try #require(requests.first)
    #expect(requests.count == 1 && request.model == "cartpole" && request.action == .start && request.version == 3)
    #expect(request.reason == "new data" && request.requestID == "r-1")
    let expected = RolloutPlan(
      candidate: 3, steps: [0.5, 5, 100], every: 90, patience: 60, minimumEpisodes: 20,
      gates: [Gate(.kl, 0.05), Gate(.returns, -5)], shadowPercent: 25, alpha: 0.01,
      returnRange: ReturnRange(low: -500, high: 0), episodeTimeout: 7200, watch: 0)
    #expect(request.plan == expected.text)
  }

  @Test("Options override a file's keys, and what the file leaves out follows what the options say")
  func planFile() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path("plan.yaml")
    try """
    # Careful.
    candidate: 7
    every: 1h
    gates: ['agreement>0.9']
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let alone = try await plan("--plan", file)
    #expect(alone == RolloutPlan(candidate: 7, every: 3600, gates: [Gate(.agreement, 0.9)]))
    let over = try await plan("--plan", file, "--every", "5m", "--to", "8")
    #expect(over == RolloutPlan(candidate: 8, every: 300, gates: [Gate(.agreement, 0.9)]))
    #expect(over.patience == 600 && over.watch == 300)

    try "{\"candidate\": 7,\n \"evry\": 3}".write(toFile: file, atomically: true, encoding: .utf8)
    let (outcome, requests) = try await run("start", "cartpole", "--plan", file)
    #expect(outcome.code == 1 && outcome.errors.contains("plan:2: unknown key 'evry'") && requests.isEmpty)
  }

  @Test("What makes no plan is refused before anything is sent, with what was expected")
  func refusedPlans() async throws {
    let rows: [(arguments: [String], words: String)] = [
      ([], "neither --to nor --plan given"), (["--to", "0"], "versions count from 1"),
      (["--to", "3", "--gate", "kl>1"], "expected kl<threshold"), (["--to", "3", "--steps", "1,x"], "1,5,25,50,100"),
      (["--to", "3", "--steps", "5,1"], "each larger than the one before"),
      (["--to", "3", "--every", "5x"], "90s, 10m or 2h"), (["--to", "3", "--returns", "5"], "as in 0:500"),
      (["--to", "3", "--gate", "return>0"], "return_range is missing"),
    ]
    for (arguments, words) in rows {
      let outcome = try await Program.docent.run(
        ["rollout", "start", "cartpole", "--server", "127.0.0.1:9"] + arguments)
      #expect(outcome.code == 2 && outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
    }
  }

  // MARK: Steering

  @Test(
    "pause, resume, promote and abort ask for what they say, with a reason and an id, and show the rollout",
    arguments: [
      ("pause", V1.RolloutAction.pause), ("resume", .resume), ("promote", .promote), ("abort", .abort),
    ])
  func steering(name: String, action: V1.RolloutAction) async throws {
    let (outcome, requests) = try await run(name, "cartpole", "--reason", "because", "--json")
    #expect(outcome.code == 0 && requests.count == 1)
    let request = try #require(requests.first)
    #expect(request.action == action && request.model == "cartpole" && request.reason == "because")
    #expect(request.requestID.count == 32 && request.plan == "")
    #expect(try outcome.objects.first?["rollout"] as? String == RolloutSamples.id)
  }

  @Test("rollback says which version is stable then")
  func rollback() async throws {
    let (outcome, requests) = try await run("rollback", "cartpole", "--to", "2", "--reason", "returns fell")
    #expect(outcome.code == 0 && outcome.output == "cartpole@stable is #2\n")
    #expect(requests.map(\.action) == [.rollback] && requests.map(\.version) == [2])
    let (json, _) = try await run("rollback", "cartpole", "--json", reply: V1.RolloutReply(model: "cartpole"))
    let object = try #require(try json.objects.first)
    #expect(object["stable"] as? Int == 2 && object["rollout"] == nil)
  }

  @Test("A refusal is told in the service's words")
  func refusal() async throws {
    let refusal: FakeRollouts.Answer = { _ throws(WireStatus) in
      throw WireStatus(.failedPrecondition, "cartpole has no rollout under way")
    }
    let outcome = try await FakeRollouts.serve(answer: refusal) { address, _ in
      try await Program.docent.run("rollout", "pause", "cartpole", "--server", address)
    }
    #expect(outcome.code == 1 && outcome.errors.contains("cartpole has no rollout under way"))
  }

  // MARK: Looking

  @Test("status prints the table; in JSON what is not measured is not there")
  func status() async throws {
    let (text, requests) = try await run("status", "cartpole")
    #expect(text.code == 0 && requests == [V1.RolloutRequest(model: "cartpole")])
    #expect(text.output.split(separator: "\n").map { $0.prefix(20) }.count == 7)
    #expect(text.output.contains("agreement>0.95  undecided      0.97   [0.93, 0.991]    412\n"))

    let (json, _) = try await run("status", "cartpole", "--json")
    let object = try #require(try json.objects.first)
    #expect(object["weight_percent"] as? Double == 5 && object["step"] as? Int == 1)
    #expect(
      object["candidate_episodes"] as? Int == 57 && object["step_started"] as? String == "2026-01-02T03:05:05.000000Z")
    #expect(object["ended"] == nil && object["plan"] as? String == RolloutSamples.running.plan)
    let gates = try #require(object["gates"] as? [[String: Any]])
    #expect(gates[0]["upper"] as? Double == 0.0149 && gates[0]["units"] as? Int == 1412)
    #expect(gates[2]["estimate"] == nil && gates[2]["state"] as? String == "undecided")
  }

  @Test("status --watch prints a line a change where there is no terminal, and ends well when it is asked to")
  func watching() async throws {
    var advanced = RolloutSamples.running
    advanced.step = 2
    advanced.weightPercent = 25
    let events = [
      V1.WatchEvent(model: "cartpole", .alias(V1.AliasChange(alias: "canary", to: 3))),
      V1.WatchEvent(model: "cartpole", .rollout(RolloutSamples.running)),
      V1.WatchEvent(model: "cartpole", .rollout(advanced)),
    ]
    try await FakeRollouts.serve(events: events, answer: { _ in RolloutSamples.running }) { address, _ in
      let result = try await Subprocess.run(
        .path(FilePath(Program.docent.path)),
        arguments: ["rollout", "status", "cartpole", "--server", address, "--watch"], input: .none,
        output: .sequence, error: .string(limit: 1 << 20)
      ) { execution in
        do {
          var lines = execution.standardOutput.strings().makeAsyncIterator()
          #expect(try await lines.next()?.contains("  step 2 of 5  5% of new episodes  ") == true)
          #expect(try await lines.next()?.contains("  step 3 of 5  25% of new episodes  ") == true)
          try execution.send(signal: .terminate)
          #expect(try await lines.next() == nil)
        } catch {
          await execution.teardown(using: [])
          throw error
        }
      }
      #expect(result.terminationStatus.isSuccess && result.standardError == "")
    }
  }

  @Test("history lists rollouts, newest first; with one's id what happened in it")
  func history() async throws {
    let (all, requests) = try await run("history", "cartpole", reply: RolloutSamples.history)
    #expect(requests == [V1.RolloutRequest(model: "cartpole", action: .history)])
    #expect(
      all.output == """
        ROLLOUT       STARTED (UTC)        ENDED (UTC)          FROM  TO  STATE        STEP  WHO  WHY
        3f2a00112233  2026-01-02 03:04:05  -                      #2  #3  running       2/3  ops
        3e00          2026-01-02 03:03:56  2026-01-02 03:04:00    #2  #1  rolled back   1/2  ops  kl<0.05 failed: 0.13 [0.09, 0.17]

        """)
    let (one, _) = try await run("history", "cartpole", "3e", reply: RolloutSamples.history)
    #expect(
      one.output == """
        WHEN (UTC)           WHAT         STEP  WEIGHT  WHO             WHY
        2026-01-02 03:03:56  started         1      1%  ops             try
        2026-01-02 03:04:00  rolled back     1      0%  docent-teacher  kl<0.05 failed: 0.13 [0.09, 0.17]

        """)
    let (json, _) = try await run("history", "cartpole", "3f", "--json", reply: RolloutSamples.history)
    #expect(try json.objects.map { $0["weight_percent"] as? Double } == [0.5])
    let (unknown, _) = try await run("history", "cartpole", "3", reply: RolloutSamples.history)
    #expect(unknown.code == 2 && unknown.errors.contains("expected more digits"))
  }
}
