import Registry
import TestSupport
import Testing

@Suite struct RunTests {
  private let new = NewRun(
    model: "m", environment: "CartPole-v1", algorithm: "ppo", seed: .max, hyperParametersJSON: #"{"gamma":0.99}"#)

  @Test func aRunKeepsItsSettingsAndItsMetrics() throws {
    let fixture = try RegistryFixture()
    let registry = fixture.registry
    let run = try registry.beginRun(new)
    try registry.record(
      [
        Metric(step: 2048, name: "loss", value: 0.5), Metric(step: 1024, name: "return", value: 21.25),
        Metric(step: 1024, name: "loss", value: 0.75),
      ], run: run.id)
    try registry.record([Metric(step: 2048, name: "loss", value: .nan)], run: run.id)
    try registry.finishRun(run.id, state: .failed, note: "diverged")

    let reading = try fixture.another(.readOnly)
    let found = try reading.run(run.id)
    #expect(found.seed == .max)
    #expect(found.hyperParametersJSON == #"{"gamma":0.99}"#)
    #expect(found.environment == "CartPole-v1" && found.algorithm == "ppo" && found.model == "m")
    #expect(found.startedMicroseconds == 1_700_000_000_000_000)
    #expect(found.finishedMicroseconds == 1_700_000_000_000_000)
    #expect(found.state == .failed && found.note == "diverged")
    let metrics = try reading.metrics(of: run.id)
    #expect(
      metrics.map { "\($0.step) \($0.name) \($0.value)" } == ["1024 loss 0.75", "1024 return 21.25", "2048 loss nan"])
    #expect(try reading.metrics(of: run.id, named: "return") == [Metric(step: 1024, name: "return", value: 21.25)])
  }

  @Test func runsAreListedNewestFirstAndHaveIdentifiersOfTheirOwn() throws {
    let time = Counter()
    let fixture = try RegistryFixture(clock: { time.next() })
    let runs = try (0..<3).map { _ in try fixture.registry.beginRun(new) }
    #expect(Set(runs.map(\.id)).count == 3)
    #expect(try fixture.registry.runs().map(\.id) == runs.reversed().map(\.id))
  }

  @Test func aRunEndsOnce() throws {
    let fixture = try RegistryFixture()
    let run = try fixture.registry.beginRun(new)
    #expect(run.state == .running && run.finishedMicroseconds == nil)
    try fixture.registry.finishRun(run.id)
    let error = registryError { try fixture.registry.finishRun(run.id, state: .failed) }
    #expect(error?.code == .conflict)
    #expect(try fixture.registry.run(run.id).state == .finished)
  }

  @Test func unknownRunsAndSettingsThatAreNoJSONAreRefused() throws {
    let fixture = try RegistryFixture()
    let metric = Metric(step: 1, name: "loss", value: 1)
    #expect(registryError { try fixture.registry.record([metric], run: "no") }?.code == .notFound)
    #expect(registryError { try fixture.registry.finishRun("no") }?.code == .notFound)
    #expect(registryError { _ = try fixture.registry.run("no") }?.code == .notFound)
    var bad = new
    bad.hyperParametersJSON = "gamma: 1"
    #expect(registryError { _ = try fixture.registry.beginRun(bad) }?.code == .conflict)
    #expect(try fixture.registry.runs().isEmpty)
  }
}
