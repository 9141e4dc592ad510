/// One column of a text table.
public struct TableColumn<Row>: Sendable {
  public enum Alignment: Sendable { case left, right }
  let title: String
  let alignment: Alignment
  let value: @Sendable (Row) -> String

  public init(_ title: String, _ alignment: Alignment = .left, value: @escaping @Sendable (Row) -> String) {
    self.title = title
    self.alignment = alignment
    self.value = value
  }
}

/// Text tables: a title line, then a line a row, two spaces between columns.
public enum Table {
  public static func text<Row>(_ rows: [Row], columns: [TableColumn<Row>]) -> String {
    let cells = [columns.map(\.title)] + rows.map { row in columns.map { $0.value(row) } }
    let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { line in
      var text = ""
      for (index, cell) in line.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        if index > 0 { text += "  " }
        text += columns[index].alignment == .right ? padding + cell : cell + padding
      }
      while text.last == " " { text.removeLast() }
      return text + "\n"
    }.joined()
  }
}
