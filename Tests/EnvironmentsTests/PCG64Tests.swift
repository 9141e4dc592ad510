import Environments
import Testing

@Suite("NumPy's generator") struct PCG64Tests {
  @Test("SeedSequence(42) gives NumPy's words")
  func seedSequence() {
    let words = SeedSequence(42).words()
    #expect(words.0 == 0x9f1e_2e6d_cd54_0ab7)
    #expect(words.1 == 0xd578_73dc_79fb_94b6)
    #expect(words.2 == 0x7d28_2a1b_64d4_20b7)
    #expect(words.3 == 0x3365_7971_4692_d5ff)
  }

  @Test("a seed of more than 32 bits fills two words of the pool")
  func longSeed() {
    // numpy.random.SeedSequence(2**40 + 7).generate_state(4, numpy.uint64), NumPy 2.4.6
    let words = SeedSequence((1 << 40) + 7).words()
    #expect(words == (0x0d8672e10e3d1a15, 0x9aef4ada4ecfa161, 0x999c1c3b83dba903, 0x408927dc0dc8a316))
  }

  @Test("PCG64(42) gives NumPy's outputs")
  func outputs() {
    var generator = PCG64(seed: 42)
    #expect(generator.nextUInt64() == 0xc621_fbcd_16d9_2688)
    #expect(generator.nextUInt64() == 0x705a_5661_a791_ffc1)
  }

  @Test("uniform(low, high) takes the top 53 bits")
  func uniform() {
    var generator = PCG64(seed: 42)
    // numpy.random.default_rng(42).uniform(-0.05, 0.05, 4), NumPy 2.4.6
    let drawn = (0..<4).map { _ in generator.uniform(-0.05, 0.05) }
    #expect(drawn == [0.027395604855596334, -0.006112156024794771, 0.03585979199113824, 0.019736802905936393])
  }

  @Test("below(n) reaches every number and nothing else, evenly")
  func below() {
    var generator = PCG64(seed: 1)
    var counts = [0, 0, 0, 0, 0]
    for _ in 0..<5000 { counts[generator.below(5)] += 1 }
    #expect(counts.allSatisfy { $0 > 850 && $0 < 1150 })
  }
}
