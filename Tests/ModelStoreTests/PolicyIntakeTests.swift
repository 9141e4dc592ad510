import ModelStore
import Neural
import Registry
import Testing

@Suite struct PolicyIntakeTests {
  private func receive(
    _ artefact: [UInt8], announced: [UInt8]? = nil, golden: GoldenRows?, chunk: Int = 100, upTo count: Int? = nil,
    in fixture: StoreFixture
  ) throws -> StoredModel {
    let announced = announced ?? artefact
    var intake = try PolicyIntake(
      fixture.store, model: "m", bytes: announced.count, sha256: ContentHash(of: announced))
    let end = count ?? artefact.count
    while intake.received < end {
      let next = min(intake.received + chunk, end)
      try intake.append(offset: intake.received, artefact[intake.received..<next])
    }
    return try intake.commit(lineage: Lineage(algorithm: "ppo"), golden: golden, who: "wire", requestID: "q")
  }

  @Test func whatArrivesInPiecesIsAVersionAsIfPublishedHere() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let golden = GoldenRows(of: InferencePolicy(policy))
    let received = try receive(PolicyArtefact.encode(policy), golden: golden, in: fixture)
    #expect(received.policy == policy)
    let loaded = try fixture.store.load(model: "m")
    #expect(loaded.version == received.version)
    #expect(loaded.golden == golden)
    #expect(loaded.version.who == "wire" && loaded.version.lineage.algorithm == "ppo")
    #expect(loaded.version.fingerprint == policy.fingerprint)
  }

  @Test func aVersionWithoutGoldenRowsGetsThemHere() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let received = try receive(PolicyArtefact.encode(policy), golden: nil, in: fixture)
    #expect(try fixture.store.load(model: "m").golden == GoldenRows(of: InferencePolicy(policy)))
    #expect(received.golden == GoldenRows(of: InferencePolicy(policy)))
  }

  @Test func aPublisherWhoseForwardPassGaveSomethingElseIsRefused() throws {
    let fixture = try StoreFixture()
    let policy = try Policy.sample()
    let others = GoldenRows(of: InferencePolicy(try .sample(salt: 1)))
    let refusal = message { _ = try receive(PolicyArtefact.encode(policy), golden: others, in: fixture) }
    #expect(refusal?.hasPrefix("golden row 0: output 0 is ") == true)
    #expect(try fixture.store.registry.models().isEmpty)
  }

  @Test func bytesThatAreNoPolicyAreRefused() throws {
    let fixture = try StoreFixture()
    #expect(message { _ = try receive([UInt8](repeating: 7, count: 500), golden: nil, in: fixture) } != nil)
    var nan = PolicyArtefact.encode(try .sample())
    nan.replaceSubrange(nan.count - 4..<nan.count, with: [0, 0, 0xC0, 0x7F])
    #expect(message { _ = try receive(nan, golden: nil, in: fixture) }?.contains("nan") == true)
    #expect(try fixture.store.registry.models().isEmpty)
  }

  @Test func onePieceLessOrOtherBytesThanAnnouncedAreRefused() throws {
    let fixture = try StoreFixture()
    let artefact = PolicyArtefact.encode(try .sample())
    for count in stride(from: 0, to: artefact.count, by: 97) {
      let refusal = message { _ = try receive(artefact, golden: nil, upTo: count, in: fixture) }
      #expect(refusal == "the artefact ended after \(count) bytes, announced were \(artefact.count)")
    }
    let other = PolicyArtefact.encode(try .sample(salt: 1))
    let refusal = message { _ = try receive(artefact, announced: other, golden: nil, in: fixture) }
    #expect(refusal?.contains("announced was \(ContentHash(of: other))") == true)
    #expect(try fixture.store.registry.models().isEmpty)
  }
}
