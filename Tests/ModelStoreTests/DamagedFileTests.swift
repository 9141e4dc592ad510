import Foundation
import Neural
import Registry
import TestSupport
import Testing

@testable import ModelStore

/// A registry's file whose bytes are not what was written.
@Suite struct DamagedFileTests {
  @Test("Whatever byte is changed: a version is what was published, or refused; and what is refused, verify finds")
  func everyKindOfPage() throws {
    let folder = try TemporaryFolder()
    let (whole, damaged) = (folder.path("whole.sqlite"), folder.path("damaged.sqlite"))
    var expected: [UInt64: Policy] = [:]
    do {
      let store = try PolicyStore(path: whole, mode: .create)
      for salt in 0..<4 {
        let policy = try Policy.sample(salt: salt)
        expected[try store.publish(policy, model: "m", who: "ann").number] = policy
      }
      try store.registry.moveAlias(model: "m", alias: "stable", to: 2, who: "ann", why: "")
    }
    let content = try Data(contentsOf: URL(fileURLWithPath: whole))
    // Most of the file is room for more.
    let places = content.indices.filter { content[$0] != 0 }
    var random = SeededGenerator(seed: 5)
    var counts = (refusedWhole: 0, refused: 0, found: 0)
    for _ in 0..<400 {
      var copy = content
      let place = places[Int.random(in: places.indices, using: &random)]
      copy[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      try copy.write(to: URL(fileURLWithPath: damaged))
      guard let store = try? PolicyStore(path: damaged, mode: .readOnly) else {
        counts.refusedWhole += 1
        continue
      }
      var refused: [String] = []
      for (number, policy) in expected {
        do {
          let stored = try store.load(model: "m", .version(number))
          let isSame = stored.policy == policy
          #expect(isSame, "a byte at \(place)")
          #expect(stored.version.number == number)
        } catch {
          let message = "\(error)"
          refused.append(message)
          #expect(
            message.contains("m#\(number)") || message.contains("no model 'm'")
              || message.contains("no version #\(number)"),
            "a byte at \(place): \(message)")
        }
      }
      let problems = try store.verify().filter { $0.problem != nil }
      #expect(refused.isEmpty || !problems.isEmpty, "a byte at \(place): \(refused)")
      counts.refused += refused.isEmpty ? 0 : 1
      counts.found += problems.isEmpty ? 0 : 1
    }
    #expect(counts.refused > 20 && counts.found > counts.refused)
  }
}
