import Testing

@testable import Neural

@Suite struct PhiloxTests {
  struct KnownAnswer: Sendable {
    let counter, words: Philox4x32.Words
    let key: (UInt32, UInt32)
  }

  /// The answers for philox4x32 with 10 rounds that the authors publish beside their library Random123
  /// (`kat_vectors`).
  static let knownAnswers = [
    KnownAnswer(counter: (0, 0, 0, 0), words: (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8), key: (0, 0)),
    KnownAnswer(
      counter: (.max, .max, .max, .max), words: (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd), key: (.max, .max)),
    KnownAnswer(
      counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      words: (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1), key: (0xa409_3822, 0x299f_31d0)),
  ]

  @Test(arguments: knownAnswers) func wordsAreThePublishedOnes(answer: KnownAnswer) {
    #expect(Philox4x32(key: answer.key).words(answer.counter) == answer.words)
  }

  @Test func seedsAndRowsUseAllTheirBits() {
    let seed: UInt64 = 0x299f_31d0_a409_3822
    let row = 0x0370_7344_1319_8a2e
    #expect(
      Philox4x32(seed: seed).words(row: row, block: 7)
        == Philox4x32(key: (0xa409_3822, 0x299f_31d0)).words((7, 0, 0x1319_8a2e, 0x0370_7344)))
  }
}
