public import ArgumentParser
import Foundation

/// `--json`, for every command that prints results.
public struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print results as JSON, one object a line.")
  public var json = false

  public init() {}

  public var results: ResultPrinter { ResultPrinter(json: json) }
}

/// Prints results on standard output: text for people, or one JSON object a line.
///
/// JSON keys are sorted and in snake_case; floats have the shortest digits that read back to the same bits, and those
/// that JSON has no number for are the strings "Infinity", "-Infinity" and "NaN".
public struct ResultPrinter: Sendable {
  public let json: Bool
  private let write: @Sendable (String) -> Void

  public init(json: Bool, write: @escaping @Sendable (String) -> Void = { StandardStream.output.write($0) }) {
    self.json = json
    self.write = write
  }

  /// One result.
  public func print(_ result: some Encodable, text: @autoclosure () -> String) throws {
    write(try json ? Self.line(result) : text() + "\n")
  }

  /// Several results of one kind: a table, or an object a line.
  public func print<Row: Encodable>(_ rows: [Row], columns: [TableColumn<Row>]) throws {
    if json {
      for row in rows { write(try Self.line(row)) }
    } else {
      write(Table.text(rows, columns: columns))
    }
  }

  /// Always one JSON object on a line, for commands that have no other form.
  public func printJSON(_ result: some Encodable) throws { write(try Self.line(result)) }

  private static func line(_ result: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return String(decoding: try encoder.encode(result), as: UTF8.self) + "\n"
  }
}
