/// A name that a client gives itself, as logs repeat it.
enum LoggedName {
  static let withheld = "(withheld: looks like a token)"

  private static let scalarsMax = 100
  /// What tokens begin with.
  private static let tokenPrefix = "docent_"
  /// Letters and digits of a token's secret: Base32 in lower case.
  private static let secretScalars = 52

  /// Fits into a line, and cannot begin another. What may hold a token is not repeated: who confuses two arguments of a
  /// client gives away no secret.
  static func text(_ name: String) -> String {
    guard !mayHoldToken(name) else { return withheld }
    return String(String.UnicodeScalarView(name.unicodeScalars.prefix(scalarsMax).map { $0.isPrintable ? $0 : "?" }))
  }

  private static func mayHoldToken(_ name: String) -> Bool {
    let name = name.lowercased()
    return name.contains(tokenPrefix)
      || name.unicodeScalars.split { !(("a"..."z").contains($0) || ("2"..."7").contains($0)) }
        .contains { $0.count >= secretScalars }
  }
}
