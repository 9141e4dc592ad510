/// The rule for the names of models and aliases: 1 to 128 of `A-Z a-z 0-9 . _ -`, the first a letter or a digit.
///
/// A name therefore never needs quoting, and never contains the `/`, `@`, `#` and `:` of a model reference.
public enum RegistryName {
  public static let lengthMax = 128
  public static let rule = "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit"

  public static func isValid(_ name: some StringProtocol) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= lengthMax else { return false }
    return isAlphanumeric(first) && name.utf8.allSatisfy { isAlphanumeric($0) || punctuation.contains($0) }
  }

  private static let punctuation = Array("._-".utf8)

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }

  /// Throws `invalid`, with what was given, unless `name` follows the rule. `what` is "model" or "alias".
  static func require(_ name: String, _ what: String) throws {
    guard isValid(name) else {
      throw RegistryError(.invalid, "\(what) name '\(name.prefix(140))' is not allowed; expected \(rule)")
    }
  }
}
