/// Durations as plans and options write them: seconds, or a number and its unit, such as `90s`, `10m` or `2h`.
public enum PlanDuration {
  private static let units: [(letter: Character, seconds: Double)] = [("h", 3600), ("m", 60), ("s", 1)]

  /// - Returns: seconds, finite and 0 or more.
  /// - Throws: `PlanError` with code `unreadable` and what was expected.
  public static func seconds(_ text: String) throws(PlanError) -> Double {
    let unit = units.first { $0.letter == text.last }
    let number = unit == nil ? text[...] : text.dropLast()
    // Double reads more than numbers of seconds: `nan`, `inf`, and hexadecimal ones.
    guard number.allSatisfy({ $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }), let value = Double(number),
      value.isFinite, value >= 0, (value * (unit?.seconds ?? 1)).isFinite
    else {
      throw PlanError(
        .unreadable, "'\(text)' is no duration, expected seconds from 0, or a number and its unit like 90s, 10m or 2h")
    }
    return value * (unit?.seconds ?? 1)
  }

  /// The shortest text that ``seconds(_:)`` reads as the same number.
  public static func text(_ seconds: Double) -> String {
    for unit in units where seconds >= unit.seconds && seconds < 1e15 {
      let number = (seconds / unit.seconds).rounded()
      if number * unit.seconds == seconds { return "\(Int(number))\(unit.letter)" }
    }
    return shortest(seconds) + "s"
  }
}

/// A number without the `.0` of whole ones.
func shortest(_ number: Double) -> String {
  let text = "\(number)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
