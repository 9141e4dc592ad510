import Crypto
import Foundation

/// The SHA-256 of a token's secret: what a registry keeps of it.
///
/// A fast hash without salt is right here, and would be wrong for a password: what slow hashes and salts make expensive
/// is guessing, and nobody guesses 260 random bits. NIST SP 800-63B (2017), 5.1.2.2, draws the line at 112 bits: look-up
/// secrets with as much entropy are hashed with an approved one-way function, those with less are salted and stretched.
/// A slow hash would be an invitation instead: whoever can open a connection could have the service compute one.
///
/// Nothing prints a hash: neither a description, nor a mirror, nor `dump`.
struct SecretHash: Hashable, Sendable {
  /// Always 32.
  let bytes: [UInt8]

  init(of secret: some Sequence<UInt8>) {
    bytes = Array(SHA256.hash(data: Array(secret)))
  }

  /// As it was stored; nil unless it has 32 bytes.
  init?(stored: Data) {
    guard stored.count == SHA256.byteCount else { return nil }
    bytes = Array(stored)
  }

  /// Whether this is the hash of `secret`, in a time that depends on the secret's length alone.
  ///
  /// swift-crypto's `==` of digests looks at every byte, however early they differ: `constantTimeCompare` in its
  /// Sources/Crypto/Util/BoringSSL/SafeCompare_boring.swift joins the differences of all pairs by "or". `==` of two
  /// arrays, as of two `SecretHash`, stops at the first difference, so it is not used for this.
  func matches(_ secret: [UInt8]) -> Bool {
    SHA256.hash(data: secret) == bytes
  }
}

extension SecretHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  var description: String { "(hidden)" }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: [:]) }
}
