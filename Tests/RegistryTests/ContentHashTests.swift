import Registry
import Synchronization
import Testing

@Suite struct ContentHashTests {
  @Test func hashesAreThoseOfTheStandard() {
    // FIPS 180-4's example: "abc".
    let hash = ContentHash(of: Array("abc".utf8))
    #expect(hash.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(ContentHash(hex: hash.hex.uppercased()) == hash)
    #expect(ContentHash(bytes: hash.bytes) == hash)
    #expect(hash.short == "ba7816bf8f01")
  }

  @Test(arguments: ["", "ba78", String(repeating: "g", count: 64), String(repeating: "0", count: 65)])
  func whatIsNoHashIsRefused(text: String) {
    #expect(ContentHash(hex: text) == nil)
  }

  @Test func aHashHas32Bytes() {
    #expect(ContentHash(bytes: [UInt8](repeating: 0, count: 31)) == nil)
  }
}

/// A clock that only goes when it is looked at.
final class Counter: Sendable {
  private let value = Mutex<Int64>(0)

  func next() -> Int64 {
    value.withLock { value in
      value += 1
      return value
    }
  }
}
