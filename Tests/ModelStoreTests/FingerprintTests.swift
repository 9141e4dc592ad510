import ModelStore
import Neural
import Registry
import Testing

@Suite struct FingerprintTests {
  @Test func everythingThatDecidesAnAnswerCounts() throws {
    let normalizer = Normalizer(mean: [0, 0, 0, 0], variance: [1, 1, 1, 1])
    var other = normalizer
    other.limit = 5
    let box = { (low: Float) in Head.gaussian(dimensions: 2, low: [low, -1], high: [1, 1]) }
    let architectures: [PolicyArchitecture] = [
      try .sample(), try .sample(environment: "Acrobot-v1"), try .sample(head: .categorical(actions: 3)),
      try .sample(head: .qValues(actions: 2), hasValue: false), try .sample(head: box(-1)),
      try .sample(head: box(-2)), try .sample(policyHidden: [4, 4]), try .sample(policyHidden: [8], valueHidden: [4]),
      try .sample(sharedTrunk: true), try .sample(hasValue: false), try .sample(activation: .relu),
      try .sample(normalizer: normalizer), try .sample(normalizer: other),
    ]
    let fingerprints = try architectures.map { try Policy.sample($0).fingerprint }
    #expect(Set(fingerprints).count == architectures.count)

    let policy = try Policy.sample()
    let changed = try policy.parameters.indices.map { try policy.changing($0) { $0.nextUp }.fingerprint }
    #expect(Set(changed + [policy.fingerprint]).count == policy.parameters.count + 1)
  }

  @Test func itDoesNotDependOnTheFile() throws {
    let policy = try Policy.sample()
    #expect(try PolicyArtefact.decode(PolicyArtefact.encode(policy)).fingerprint == policy.fingerprint)
  }

  @Test func itStaysWhatItIs() throws {
    // From the described bytes, by Python's struct and hashlib.
    let architecture = try PolicyArchitecture(
      environment: "E", observationWidth: 1, head: .categorical(actions: 2), policyHidden: [], hasValue: false,
      normalizer: Normalizer(mean: [0.5], variance: [2], epsilon: 0.25, limit: 10))
    let policy = try Policy(architecture: architecture, parameters: [1, 2, 3, 4])
    #expect(policy.fingerprint.hex == "094f86c2a99e59228a8d8ccb90674314c162386cf9c42bfebad215967f401c11")
  }
}
