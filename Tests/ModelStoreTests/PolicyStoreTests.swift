import ModelStore
import Neural
import Registry
import TestSupport
import Testing

@Suite struct PolicyStoreTests {
  @Test func aPublishedPolicyLoadsAsItWas() throws {
    let fixture = try StoreFixture()
    let normalizer = Normalizer(mean: [0, 1, 2, 3], variance: [1, 2, 3, 4])
    let policy = try Policy.sample(.sample(normalizer: normalizer))
    let lineage = Lineage(
      run: "run-1", algorithm: "distillation", seed: 7,
      teachers: [TeacherUse(model: "teacher", version: 1, sha256: nil, queries: 20_000)])
    let version = try fixture.store.publish(policy, model: "student", lineage: lineage, who: "ann")
    #expect(version.lineage == lineage)
    #expect(version.fingerprint == policy.fingerprint)

    let loaded = try StoredModel.load(ModelReference("\(fixture.path)/student"))
    #expect(loaded.policy == policy)
    #expect(loaded.version == version)
    #expect(loaded.golden == GoldenRows(of: InferencePolicy(policy)))
    #expect(try PolicyArtefact.decode(fixture.store.registry.artefact(of: version)) == policy)
  }

  @Test func aRepeatedRequestPublishesOnce() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let first = try fixture.store.publish(policy, model: "m", who: "ann", requestID: "q")
    #expect(try fixture.store.publish(policy, model: "m", who: "ann", requestID: "q") == first)
    #expect(try fixture.store.registry.versions(of: "m").count == 1)
  }

  /// Stores an artefact under records that are another policy's, as a careless or hostile publisher might.
  private func store(
    _ artefact: [UInt8], claiming policy: Policy, fingerprint: ContentHash?, in fixture: StoreFixture, as model: String
  ) throws {
    let version = NewVersion(
      model: model, architectureJSON: PolicyArtefact.architectureJSON(policy.architecture), fingerprint: fingerprint,
      golden: GoldenRows(of: InferencePolicy(policy)).bytes)
    _ = try fixture.store.registry.publish(version, artefact: artefact, who: "eve")
  }

  @Test func otherWeightsThanThoseThatWerePublishedAreCaught() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let flipped = PolicyArtefact.encode(try policy.changing(17) { -$0 })
    try store(flipped, claiming: policy, fingerprint: nil, in: fixture, as: "golden")
    try store(flipped, claiming: policy, fingerprint: policy.fingerprint, in: fixture, as: "fingerprint")
    let golden = message { _ = try fixture.store.load(model: "golden") }
    #expect(golden?.hasPrefix("golden#1: golden row 0: output 0 is ") == true, "\(golden ?? "loaded")")
    let fingerprint = message { _ = try fixture.store.load(model: "fingerprint") }
    #expect(fingerprint?.hasPrefix("fingerprint#1: the policy's fingerprint is ") == true)
  }

  @Test func anotherArchitectureThanTheArtefactsIsCaught() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let other = try Policy.sample(.sample(environment: "Acrobot-v1"))
    try store(PolicyArtefact.encode(policy), claiming: other, fingerprint: policy.fingerprint, in: fixture, as: "m")
    let refused = message { _ = try fixture.store.load(model: "m") }
    #expect(refused?.hasPrefix("m#1: the policy's architecture is ") == true && refused?.contains("Acrobot-v1") == true)
  }

  @Test func verifyFindsEachBadVersionAndOnlyThose() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    _ = try fixture.store.publish(policy, model: "a", who: "ann")
    try store(Array("no tensors at all".utf8), claiming: policy, fingerprint: nil, in: fixture, as: "a")
    _ = try fixture.store.publish(.sample(salt: 1), model: "a", who: "ann")
    let flipped = PolicyArtefact.encode(try policy.changing(17) { -$0 })
    try store(flipped, claiming: policy, fingerprint: nil, in: fixture, as: "b")

    let results = try fixture.store.verify()
    #expect(
      results.map { "\($0.model ?? "")#\($0.version ?? 0) \($0.problem == nil)" } == [
        "a#1 true", "a#2 false", "a#3 true", "b#1 false",
      ])
    #expect(results[1].problem?.hasPrefix("a#2: the artefact is not a policy that can be used: ") == true)
    #expect(results[3].problem?.contains("golden row") == true)
    #expect(try fixture.store.verify(model: "b") == [results[3]])
    #expect(
      message { _ = try fixture.store.verify(model: "c") }?.contains("there is no model 'c'; there is a, b") == true)
  }
}
