import Foundation
import RolloutControl
import Testing

@Suite("A rollout's plan")
struct PlanTests {
  @Test("What it does not say has its default", arguments: ["", "# nothing\n", "{}"])
  func defaults(text: String) throws {
    let plan = try RolloutPlan(yaml: text)
    #expect(plan == RolloutPlan())
    #expect(plan.steps == [1, 5, 25, 50, 100] && plan.every == 600 && plan.patience == 1200 && plan.watch == 600)
    #expect(plan.gates.map(\.description) == ["kl<0.05", "agreement>0.95", "errors<0.05"])
    #expect(plan.minimumEpisodes == 100 && plan.alpha == 0.05 && plan.shadowPercent == 10)
  }

  @Test("Waiting and watching follow the length of a step; no rows are computed twice for a gate on returns alone")
  func dependentDefaults() throws {
    let plan = try RolloutPlan(yaml: "{every: 1m, gates: [return>-5], return_range: [0, 500]}")
    #expect(plan.patience == 120 && plan.watch == 60 && plan.shadowPercent == 0)
  }

  static let everything = """
    candidate: 18446744073709551615
    steps: [0.5, 20, 100]
    every: 90s
    patience: 2h
    minimum_episodes: 7
    gates:
      - kl < 0.125
      - 'return>-1e-3'
      - latency<2
    shadow_percent: 2.5
    alpha: 0.01
    return_range: [-1.5, 1e3]
    episode_timeout: 0.25
    watch: 10m
    """

  @Test("What it says is taken")
  func saysAll() throws {
    let plan = try RolloutPlan(yaml: Self.everything)
    #expect(
      plan
        == RolloutPlan(
          candidate: .max, steps: [0.5, 20, 100], every: 90, patience: 7200, minimumEpisodes: 7,
          gates: [Gate(.kl, 0.125), Gate(.returns, -0.001), Gate(.latency, 2)], shadowPercent: 2.5, alpha: 0.01,
          returnRange: ReturnRange(low: -1.5, high: 1000), episodeTimeout: 0.25, watch: 600))
    try plan.validate()
  }

  @Test("JSON is read as YAML")
  func json() throws {
    let json = #"{"candidate": 3, "steps": [50, 100], "every": "10m", "gates": ["kl<0.05"], "return_range": [0, 1]}"#
    let plan = try RolloutPlan(yaml: json)
    #expect(plan.candidate == 3 && plan.every == 600 && plan.returnRange == ReturnRange(low: 0, high: 1))
  }

  @Test("Its text, and its JSON, read back as the same plan", arguments: ["", "{gates: [], every: 0.1}", everything])
  func roundTrip(text: String) throws {
    let plan = try RolloutPlan(yaml: text)
    #expect(try RolloutPlan(yaml: plan.text) == plan)
    #expect(try JSONDecoder().decode(RolloutPlan.self, from: JSONEncoder().encode(plan)) == plan)
  }

  @Test(
    "A text that is no plan is refused with its line and what was expected",
    arguments: [
      ("every: 10m\ngate: [kl<0.05]", "plan:2: unknown key 'gate'; known are alpha, candidate, episode_timeout, every"),
      ("minimumEpisodes: 3", "plan:1: unknown key 'minimumEpisodes'"),
      ("every: ten", "plan:1: every: 'ten' is no duration, expected seconds from 0, or a number and its unit like"),
      ("every: -5", "every: '-5' is no duration"),
      ("watch: [1]", "watch is a list, expected a duration like 90s, 10m or 2h"),
      ("candidate: latest", "candidate is 'latest', expected a version, a whole number from 1"),
      ("candidate: 0", "candidate is '0', expected a version"),
      ("steps: 5", "steps is '5', expected a list of numbers"),
      ("steps: [1, many]", "steps is 'many', expected a number"),
      ("alpha: .nan", "alpha is '.nan', expected a number"),
      ("minimum_episodes: 1.5", "minimum_episodes is '1.5', expected a whole number"),
      ("return_range: [1]", "return_range is a list, expected [low, high]"),
      ("gates: kl<0.05", "gates is 'kl<0.05', expected a list of gates"),
      ("gates:\n- kl<0.05\n- entropy<1", "plan:3: gate 'entropy<1' is about 'entropy'; known are kl, agreement"),
      ("- 1", "plan:1: expected a mapping of alpha"),
      ("every: 1\nevery: 2", "plan: 'every' is there twice"),
      ("steps: [1", "plan:2: no YAML:"),
      ("steps: &a [1]\n", "plan:1: '&' is there, expected a plan without anchors and aliases"),
      ("every: 1\n? *a\n: 1", "plan:2: '*' is there"),
    ])
  func unreadable(text: String, message: String) {
    let error = #expect(throws: PlanError.self) { try RolloutPlan(yaml: text) }
    #expect(error?.code == .unreadable)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    "Values that make no sense are refused",
    arguments: [
      ("{}", "candidate is missing"),
      ("{candidate: 2, steps: []}", "steps is [], expected from 1 to 100 percentages"),
      ("{candidate: 2, steps: [0, 5]}", "steps is [0, 5], expected percentages above 0 and up to 100"),
      ("{candidate: 2, steps: [5, 101]}", "above 0 and up to 100"),
      ("{candidate: 2, steps: [5, 5]}", "steps is [5, 5], expected each larger than the one before"),
      ("{candidate: 2, every: 0}", "every is 0, expected more than 0 seconds"),
      ("{candidate: 2, minimum_episodes: 0}", "minimum_episodes is 0, expected 1 or more"),
      ("{candidate: 2, alpha: 1}", "alpha is 1, expected a probability between 0 and 1"),
      ("{candidate: 2, shadow_percent: 0}", "shadow_percent is 0, expected more: gate 'kl<0.05'"),
      ("{candidate: 2, gates: [kl<0.1, kl<0.2]}", "gates has more than one on kl"),
      ("{candidate: 2, gates: [return>-5]}", "return_range is missing, expected [low, high]"),
      ("{candidate: 2, gates: [return>-5], return_range: [0, 5]}", "expected between -5 and 5"),
      ("{candidate: 2, return_range: [3, 3]}", "return_range is [3, 3], expected the least return and a larger one"),
      ("{candidate: 2, return_range: [-1e308, 0]}", "and a larger one, from -1e+300 to 1e+300"),
      ("{candidate: 2, episode_timeout: 0}", "episode_timeout is 0"),
    ])
  func invalid(text: String, message: String) throws {
    let plan = try RolloutPlan(yaml: text)
    let error = #expect(throws: PlanError.self) { try plan.validate() }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    "A gate's text is its metric, its side and its threshold",
    arguments: [
      ("kl<0.05", Gate(.kl, 0.05), "kl<0.05"), (" agreement  > .95 ", Gate(.agreement, 0.95), "agreement>0.95"),
      ("return>-5", Gate(.returns, -5), "return>-5"), ("latency<1.5", Gate(.latency, 1.5), "latency<1.5"),
      ("errors<1e-7", Gate(.errors, 1e-7), "errors<1e-07"),
    ])
  func gate(text: String, gate: Gate, canonical: String) throws {
    #expect(try Gate(text) == gate)
    #expect(gate.description == canonical)
    #expect(try Gate(gate.description) == gate)
  }

  @Test(
    "A gate of another form is refused",
    arguments: [
      ("kl", "has no threshold, expected one like kl<0.05"),
      ("kl>0.05", "bounds kl from the wrong side, expected kl<threshold"),
      ("return<5", "expected return>threshold"), ("KL<1", "is about 'KL'"), ("kl<=1", "threshold '=1'"),
      ("kl<", "threshold ''"), ("kl<nan", "expected above 0"), ("kl<0", "threshold 0, expected above 0"),
      ("value<1e308", "threshold 1e+308, expected above 0 and up to 1e+300"),
      ("agreement>1", "expected between 0 and 1"), ("return>-inf", "expected a finite number"),
    ])
  func badGate(text: String, message: String) {
    let error = #expect(throws: PlanError.self) { try Gate(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    "Durations are seconds, or a number and its unit",
    arguments: [
      ("0", 0.0, "0s"), ("90", 90, "90s"), ("1.5m", 90, "90s"), ("10m", 600, "10m"), ("2h", 7200, "2h"),
      ("0.25s", 0.25, "0.25s"), ("1e3", 1000, "1000s"),
    ])
  func durations(text: String, seconds: Double, canonical: String) throws {
    #expect(try PlanDuration.seconds(text) == seconds)
    #expect(PlanDuration.text(seconds) == canonical)
  }

  @Test("Other durations are refused", arguments: ["", "m", "-1s", "1d", "nan", "inf", "0x10", "1e308h", "1 m"])
  func badDurations(text: String) {
    #expect(throws: PlanError.self) { try PlanDuration.seconds(text) }
  }

  @Test("The error's chance is split over gates, and over the steps and the watch")
  func split() {
    #expect(abs(RolloutPlan().gateAlpha * 3 * 6 - 0.05) < 1e-15)
    #expect(RolloutPlan(gates: []).gateAlpha == 0.05 / 6)
  }
}
