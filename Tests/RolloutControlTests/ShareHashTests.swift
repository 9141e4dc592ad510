import Testing

@testable import RolloutControl

@Suite struct ShareHashTests {
  /// The key 00 01 ... 0f and the message 00 01 ... 07 of the paper's test vectors (vectors.h of the reference
  /// implementation, ninth line).
  @Test("SipHash-2-4 gives the reference's number")
  func reference() {
    let hash = SipHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    #expect(hash.hash(0x0706_0504_0302_0100) == 0x93f5_f579_9a93_2462)
    #expect(
      ShareHash(rolloutID: "000102030405060708090a0b0c0d0e0f")
        == ShareHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)))
  }

  @Test("A rollout's identifier is 32 hexadecimal digits")
  func identifiers() {
    for text in [
      "", "0", String(repeating: "g", count: 32), String(repeating: "0", count: 33),
      "+" + String(repeating: "0", count: 31),
    ] {
      #expect(ShareHash(rolloutID: text) == nil)
    }
  }

  @Test(
    "Of 100,000 episodes a weight's share is the candidate's, within 4 standard deviations",
    arguments: [1.0, 5, 25, 50])
  func share(weight: Double) {
    let hash = ShareHash(key: (17, 4))
    let episodes = 100_000
    let observed = (1...episodes).count { hash.isCandidate(unit: UInt64($0), weightPercent: weight) }
    let share = weight / 100
    let deviation = (Double(episodes) * share * (1 - share)).squareRoot()
    #expect(abs(Double(observed) - Double(episodes) * share) <= 4 * deviation)
  }

  @Test("Who is the candidate's stays so while the weight grows; at 0 nobody is, at 100 everybody")
  func monotone() {
    let hash = ShareHash(key: (3, 9))
    for unit in 0..<2000 as Range<UInt64> {
      let weights = [0.0, 1, 5, 25, 50, 100].map { hash.isCandidate(unit: unit, weightPercent: $0) }
      #expect(weights == weights.sorted { !$0 && $1 })
      #expect(!weights[0] && weights[5])
    }
  }

  @Test("Another rollout has other episodes")
  func rollouts() {
    let (one, other) = (ShareHash(key: (1, 2)), ShareHash(key: (1, 3)))
    let both = (1...10_000 as ClosedRange<UInt64>).count {
      one.isCandidate(unit: $0, weightPercent: 50) && other.isCandidate(unit: $0, weightPercent: 50)
    }
    #expect((2300...2700).contains(both))
  }
}
