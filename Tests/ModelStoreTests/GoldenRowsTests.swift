import ModelStore
import Neural
import Registry
import Testing

@Suite struct GoldenRowsTests {
  @Test func thePublishersRowsComeOutTheSame() throws {
    for head: Head in [.categorical(actions: 2), .gaussian(dimensions: 2, low: [-1, -2], high: [1, 2])] {
      let policy = try Policy.sample(.sample(head: head))
      let golden = GoldenRows(of: InferencePolicy(policy))
      #expect(golden.rows == 8)
      #expect(golden.outputs.count == 8 * head.parameterWidth)
      for kernels in KernelPath.available { try golden.check(InferencePolicy(policy, kernels: kernels)) }
      #expect(try GoldenRows(golden.bytes) == golden)
    }
  }

  @Test func everyWeightIsWatched() throws {
    let policy = try Policy.sample()
    let golden = GoldenRows(of: InferencePolicy(policy))
    for index in policy.parameters.indices {
      let changed = try policy.changing(index) { Float(bitPattern: $0.bitPattern ^ (1 << 16)) }
      #expect(throws: ModelStoreError.self, "parameter \(index)") { try golden.check(InferencePolicy(changed)) }
    }
  }

  @Test func theErrorNamesRowAndBothValues() throws {
    let policy = try Policy.sample()
    let golden = GoldenRows(of: InferencePolicy(policy))
    var outputs = golden.outputs
    outputs[5] = outputs[5].nextUp
    let altered = GoldenRows(rows: 8, observations: golden.observations, outputs: outputs, values: golden.values)
    #expect(
      message { try altered.check(InferencePolicy(policy)) }
        == "golden row 2: output 1 is \(golden.outputs[5]) when computed here, \(outputs[5]) when it was published")

    var values = golden.values
    values[7] = values[7].nextDown
    let alteredValue = GoldenRows(rows: 8, observations: golden.observations, outputs: golden.outputs, values: values)
    #expect(
      message { try alteredValue.check(InferencePolicy(policy)) }
        == "golden row 7: value is \(golden.values[7]) when computed here, \(values[7]) when it was published")
  }

  @Test func rowsOfAnotherShapeOrWithNaNAreRefused() throws {
    let policy = try Policy.sample()
    let golden = GoldenRows(of: InferencePolicy(policy))
    let short = GoldenRows(
      rows: 7, observations: golden.observations, outputs: golden.outputs, values: golden.values)
    #expect(message { try short.check(InferencePolicy(policy)) }?.contains("7 rows with 32 observations") == true)
    var observations = golden.observations
    observations[4] = .nan
    let nan = GoldenRows(rows: 8, observations: observations, outputs: golden.outputs, values: golden.values)
    #expect(message { try nan.check(InferencePolicy(policy)) } == "golden row 1 has nan in its observation")
    var bytes = golden.bytes
    bytes.outputs.removeLast()
    #expect(message { _ = try GoldenRows(bytes) }?.contains("63 bytes; expected 4 for each number") == true)
  }

  @Test func observationsAreWhereTheNormalizerExpectsThem() throws {
    let plain = GoldenRows(of: InferencePolicy(try .sample()), rows: 64)
    #expect(plain.observations.allSatisfy { abs($0) <= 3 })
    #expect(plain.observations.contains { $0 > 2 } && plain.observations.contains { $0 < -2 })
    #expect(Set(plain.observations).count == plain.observations.count)

    let normalizer = Normalizer(mean: [1000, 0, 0, 0], variance: [4, 1, 1, 1e-6], epsilon: 0, limit: 10)
    let shifted = GoldenRows(of: InferencePolicy(try .sample(.sample(normalizer: normalizer))), rows: 64)
    for row in 0..<64 {
      #expect(abs(shifted.observations[4 * row] - 1000) <= 6.001)
      #expect(abs(shifted.observations[4 * row + 3]) <= 0.00301)
    }
  }
}
