/// The text of a token, `docent_<id>_<secret>`, as its bearer keeps it.
///
/// The id is public: it stands in listings and logs. The secret is known to the bearer alone. Both consist of the 32
/// characters of RFC 4648's Base32 (section 6) in lower case, so that a double click selects a whole token and nothing
/// needs quoting. The prefix lets scanners for leaked secrets find tokens.
///
/// Nothing prints the secret: neither a description, nor a mirror, nor `dump`.
struct TokenText: Sendable {
  static let prefix = "docent_"
  static let idCharacters = 8
  /// Of 5 random bits each: 260 bits.
  static let secretCharacters = 52
  static let length = prefix.utf8.count + idCharacters + 1 + secretCharacters

  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")

  let id: String
  let secret: [UInt8]

  /// A new secret for an id.
  init(id: String) {
    self.id = id
    secret = Array(Self.random(Self.secretCharacters).utf8)
  }

  /// A token that somebody presents; nil unless its form is right.
  init?(_ text: String) {
    guard text.utf8.count == Self.length else { return nil }
    let bytes = Array(text.utf8)
    let prefix = Array(Self.prefix.utf8)
    guard bytes.starts(with: prefix) else { return nil }
    let idEnd = prefix.count + Self.idCharacters
    guard bytes[idEnd] == UInt8(ascii: "_") else { return nil }
    id = String(decoding: bytes[prefix.count..<idEnd], as: UTF8.self)
    secret = Array(bytes[(idEnd + 1)...])
  }

  /// The whole token. The only place where the secret becomes text.
  var exposed: String { "\(Self.prefix)\(id)_\(String(decoding: secret, as: UTF8.self))" }

  static func randomID() -> String { random(idCharacters) }

  /// Whether a text that should name a token might be one, or a piece of one, and so must not be repeated in a message.
  static func mayHoldSecret(_ text: String) -> Bool {
    text.utf8.count > TokenRecord.nameLengthMax || text.lowercased().contains(prefix)
  }

  /// The system's generator: getrandom(2) on Linux.
  private static func random(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
  }
}

extension TokenText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  var description: String { "\(Self.prefix)\(id)_(hidden)" }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
