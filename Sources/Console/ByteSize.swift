public import ArgumentParser

/// A number of bytes as it is given: `512`, `64KiB`, `1.5GiB`.
public struct ByteSize: ExpressibleByArgument, Hashable, Sendable {
  public let bytes: Int

  private static let units = ["": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40]

  /// nil for what is no number of at least one byte with a unit of these, or none.
  public init?(argument: String) {
    let number = argument.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    let unit = argument.dropFirst(number.count).drop { $0 == " " }
    guard let value = Double(number), let factor = Self.units[String(unit)] else { return nil }
    let bytes = (value * Double(factor)).rounded(.down)
    guard bytes >= 1, bytes < 0x1p62 else { return nil }
    self.bytes = Int(bytes)
  }
}
