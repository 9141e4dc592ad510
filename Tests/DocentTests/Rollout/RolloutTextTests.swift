import Testing
import Wire

@testable import docent

@Suite struct RolloutTextTests {
  private let now = RolloutSamples.start + 312_000_000

  private func lines(_ change: (inout V1.RolloutReply) -> Void = { _ in }) -> [TopLine] {
    var reply = RolloutSamples.running
    change(&reply)
    return RolloutText.lines(reply, at: now)
  }

  private func texts(_ change: (inout V1.RolloutReply) -> Void = { _ in }) -> [String] { lines(change).map(\.text) }

  @Test("A rollout under way: where it stands, its episodes, and each gate with its bounds")
  func running() {
    #expect(
      texts() == [
        "cartpole #3 over #2  running  rollout 3f2a00112233  started 2026-01-02 03:04:05  by ops",
        "step 2 of 5  5% of new episodes  4:12 of at least 10:00",
        "episodes of #3: 57 of at least 100  of #2: 1,034",
        "",
        "GATE            STATE      ESTIMATE          BOUNDS  UNITS",
        "kl<0.05         passed       0.0123  [0.01, 0.0149]  1,412",
        "agreement>0.95  undecided      0.97   [0.93, 0.991]    412",
        "errors<0.01     undecided         -               -      0",
      ])
    #expect(lines().map(\.style) == [.title, .plain, .plain, .plain, .title, .plain, .idle, .idle])
  }

  @Test("A paused one says why; a failed gate and a note are seen")
  func paused() {
    let paused = lines {
      $0.state = "paused"
      $0.weightPercent = 0.5
      $0.reason = "no verdict of errors<0.01 after 30m"
      $0.gates = [
        V1.GateReading(gate: "return>-5", state: "undecided", units: 3, note: "episode 7 had a return of 600"),
        V1.GateReading(gate: "kl<0.05", state: "failed", estimate: 0.13, lower: 0.0912, upper: 0.17, units: 40),
      ]
    }
    #expect(paused[1] == TopLine(text: "step 2 of 5  0.5% of new episodes  4:12 of at least 10:00", style: .alarm))
    #expect(paused[2].text == "why: no verdict of errors<0.01 after 30m")
    #expect(
      paused.suffix(2) == [
        TopLine(
          text: "return>-5  undecided         -               -      3  episode 7 had a return of 600", style: .idle),
        TopLine(text: "kl<0.05    failed         0.13  [0.0912, 0.17]     40", style: .alarm),
      ])
  }

  @Test("A promoted one is watched; one that ended says when, and where it was")
  func afterwards() {
    let watching = texts {
      $0.state = "watching"
      $0.step = 5
      $0.weightPercent = 100
    }
    #expect(watching[1] == "stable is #3  watched for 4:12 of 10:00")
    let ended = texts {
      $0.state = "rolled back"
      $0.reason = "kl<0.05 failed"
      $0.endedMicroseconds = now - 3_723_000_000
      $0.gates = []
    }
    #expect(
      ended == [
        "cartpole #3 over #2  rolled back  rollout 3f2a00112233  started 2026-01-02 03:04:05  by ops",
        "ended 1:02:03 ago  at step 2 of 5", "why: kl<0.05 failed", "episodes of #3: 57  of #2: 1,034",
      ])
    #expect(RolloutText.text(V1.RolloutReply(model: "m"), at: now) == "m has had no rollout")
  }

  @Test("A plan that this program cannot read, and a clock that is behind the service's, take nothing else away")
  func strangePlan() {
    let text = texts {
      $0.plan = "newer: 1"
      $0.stepStartedMicroseconds = now + 5_000_000
    }
    #expect(text[1] == "step 2 of 5  5% of new episodes  0:00")
    #expect(text[2] == "episodes of #3: 57  of #2: 1,034")
  }

  @Test("On one line for logs")
  func line() {
    #expect(
      RolloutText.line(RolloutSamples.running, at: now)
        == "cartpole #3 over #2  running  rollout 3f2a00112233  step 2 of 5  5% of new episodes  4:12 of at least 10:00  "
        + "episodes of #3: 57 of at least 100  of #2: 1,034  kl<0.05 passed  agreement>0.95 undecided  "
        + "errors<0.01 undecided")
  }

  @Test("No line is wider than the terminal, and there are no more lines than it has")
  func sizes() {
    for columns in 0...100 {
      let lines = RolloutText.lines(RolloutSamples.running, at: now, columns: columns, rows: 6)
      #expect(lines.count == 6 && lines.allSatisfy { $0.text.count <= columns })
    }
    #expect(RolloutText.lines(RolloutSamples.running, at: now, rows: 0).isEmpty)
  }

  @Test("Words from elsewhere cannot steer the terminal")
  func controls() {
    let text = texts {
      $0.reason = "é\u{1B}[31m\n\u{202E}"
      $0.who = "\u{7}"
    }
    #expect(text[0].hasSuffix("by ?") && text[2] == "why: é?[31m??")
  }

  @Test("A rollout is named by as many digits as tell it from the others")
  func identifiers() throws {
    let all = ["3f2a", "3e00", "a000"]
    #expect(try RolloutHistoryCommand.id("3F", of: all) == "3f2a")
    #expect(throws: (any Error).self) { try RolloutHistoryCommand.id("3", of: all) }
    #expect(throws: (any Error).self) { try RolloutHistoryCommand.id("b", of: all) }
  }
}
