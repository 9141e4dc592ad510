import Foundation

/// Numbers as people read them, the same in every locale.
public enum NumberFormat {
  /// 1234567 as `1,234,567`.
  public static func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { grouped.append(",") }
      grouped.append(digit)
    }
    return (number < 0 ? "-" : "") + grouped
  }

  /// A rate or another large number: whole and grouped from 100 up, else with `fixed(_, digits: 1)`.
  public static func rate(_ number: Double) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    return abs(number) >= 100 ? grouped(Int(number.rounded())) : fixed(number, digits: 1)
  }

  /// A number with a fixed count of digits after the point.
  public static func fixed(_ number: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", number)
  }

  /// A number with some significant digits, such as a loss: `0.00123`, `12.3`, `1.23e-07`.
  public static func significant(_ number: Double, digits: Int = 3) -> String {
    String(format: "%.\(digits)g", number)
  }

  /// Seconds as `0:07`, `12:34` or `1:02:03`.
  public static func clock(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-:--" }
    let whole = Int(seconds.rounded())
    let tail = String(format: "%02d", whole % 60)
    if whole < 3600 { return "\(whole / 60):\(tail)" }
    return "\(whole / 3600):" + String(format: "%02d", whole / 60 % 60) + ":\(tail)"
  }

  /// Bytes as `512 B`, `12.3 KiB`, `4.0 MiB`.
  public static func bytes(_ count: Int) -> String {
    var (number, unit) = (Double(count), 0)
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while number >= 1024 && unit < units.count - 1 {
      number /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(fixed(number, digits: 1)) \(units[unit])"
  }
}
