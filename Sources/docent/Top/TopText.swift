import Console

/// A line of a view, and how it is set off where there are colours.
struct TopLine: Equatable, Sendable {
  enum Style: Sendable { case plain, title, idle, alarm }

  var text: String
  var style = Style.plain

  /// - Parameter colours: whether control sequences may be used.
  func rendered(colours: Bool) -> String {
    guard colours else { return text }
    return switch style {
    case .plain: text
    case .title: "\u{1B}[1m\(text)\u{1B}[0m"
    case .idle: "\u{1B}[2m\(text)\u{1B}[0m"
    case .alarm: "\u{1B}[31m\(text)\u{1B}[0m"
    }
  }
}

/// What `docent top` shows, as lines.
enum TopText {
  /// At most `rows` lines of at most `columns` characters. Where there is no room, columns go before rows of the table,
  /// and versions that nobody asks before the others.
  static func lines(_ measurement: TopMeasurement, columns: Int = .max, rows: Int = .max) -> [TopLine] {
    var lines = [TopLine(text: fitted(header(measurement), columns), style: .title)]
    lines.append(TopLine(text: fitted(totals(measurement), columns)))
    let refused = rates(measurement.refusalsPerSecond)
    if !refused.isEmpty { lines.append(TopLine(text: fitted(["refused/s"] + refused, columns), style: .alarm)) }
    let errors = errors(measurement)
    if !errors.isEmpty { lines.append(TopLine(text: fitted(["errors/s"] + errors, columns), style: .alarm)) }
    lines.append(TopLine(text: ""))
    if measurement.versions.isEmpty {
      lines.append(TopLine(text: cut("no version is loaded", columns), style: .idle))
    } else {
      lines += table(measurement.versions, columns: columns, rows: rows - lines.count)
    }
    return Array(lines.prefix(max(rows, 0)))
  }

  /// While there is no answer.
  /// - Parameter source: what does not answer.
  static func lines(failure: String, source: String, seconds: Double, columns: Int, rows: Int) -> [TopLine] {
    let lines = [
      TopLine(text: cut(source, columns), style: .title),
      TopLine(text: cut("no answer for \(NumberFormat.clock(seconds: seconds)), still trying", columns), style: .alarm),
      TopLine(text: cut(printable(failure), columns)),
    ]
    return Array(lines.prefix(max(rows, 0)))
  }

  // MARK: Above the table

  private static func header(_ measurement: TopMeasurement) -> [String] {
    var items = [
      "docent-teacher \(measurement.address)", "up \(NumberFormat.clock(seconds: measurement.uptimeSeconds))",
      counted(measurement.eventLoops, "event loop"), counted(measurement.connections, "connection"),
    ]
    if let bytes = measurement.residentBytes { items.append("\(NumberFormat.bytes(bytes)) resident") }
    if let open = measurement.openDescriptors {
      let most = measurement.descriptorsMax.map { " of \(NumberFormat.grouped($0))" } ?? ""
      items.append("\(NumberFormat.grouped(open))\(most) descriptors")
    }
    return items
  }

  private static func totals(_ measurement: TopMeasurement) -> [String] {
    guard measurement.seconds > 0 else { return ["measuring"] }
    var items = [
      "\(NumberFormat.rate(measurement.queriesPerSecond)) queries/s",
      "\(NumberFormat.rate(measurement.rowsPerSecond)) rows/s",
      "in \(bytes(measurement.readBytesPerSecond))/s", "out \(bytes(measurement.writtenBytesPerSecond))/s",
      "\(NumberFormat.grouped(measurement.queuedRows)) rows queued",
    ]
    if let processors = measurement.processors {
      items.append("\(NumberFormat.fixed(processors, digits: 2)) processors")
    }
    return items
  }

  private static func errors(_ measurement: TopMeasurement) -> [String] {
    measurement.versions.flatMap { version in
      rates(version.errorsPerSecond).map { "\(printable(version.model))#\(version.version) \($0)" }
    } + rates(measurement.unroutedPerSecond).map { "no model \($0)" }
  }

  private static func rates(_ rates: [String: Double]) -> [String] {
    rates.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      "\(printable($0.key)) \(NumberFormat.rate($0.value))"
    }
  }

  // MARK: The table

  private typealias Column = TableColumn<TopMeasurement.Version>

  /// With each column the order in which it goes where there is no room: the highest first, 0 stays.
  private static func tableColumns(withErrors: Bool) -> [(column: Column, goes: Int)] {
    func times(
      _ title: String, _ goes: (Int, Int), _ times: @escaping @Sendable (TopMeasurement.Version) -> TopMeasurement.Times
    )
      -> [(Column, Int)]
    {
      [
        (Column("\(title) P50", .right) { time(times($0).p50) }, goes.0),
        (Column("\(title) P99", .right) { time(times($0).p99) }, goes.1),
      ]
    }
    var columns: [(Column, Int)] = [
      (Column("MODEL") { printable($0.model) }, 0),
      (Column("VERSION", .right) { "#\($0.version)" }, 0),
      (Column("ALIASES") { $0.aliases.isEmpty ? "-" : printable($0.aliases.joined(separator: ",")) }, 6),
      (Column("QUERIES/S", .right) { NumberFormat.rate($0.queriesPerSecond) }, 0),
      (Column("ROWS/S", .right) { NumberFormat.rate($0.rowsPerSecond) }, 4),
      (Column("BATCH", .right) { $0.meanBatch.map { NumberFormat.fixed($0, digits: 1) } ?? "-" }, 5),
    ]
    columns += times("QUEUE", (7, 1)) { $0.queueSeconds }
    columns += times("COMPUTE", (8, 3)) { $0.computeSeconds }
    columns += times("REPLY", (10, 9)) { $0.replySeconds }
    if withErrors {
      columns.append((Column("ERRORS/S", .right) { NumberFormat.rate($0.errorsPerSecond.values.reduce(0, +)) }, 2))
    }
    return columns.map { (column: $0.0, goes: $0.1) }
  }

  private static func table(_ versions: [TopMeasurement.Version], columns: Int, rows: Int) -> [TopLine] {
    var shown = versions
    var left = 0
    if versions.count + 1 > rows {
      // One line for the titles, one for what is left out.
      let asked = versions.indices.sorted { first, second in
        let isIdle = (versions[first].queriesPerSecond == 0, versions[second].queriesPerSecond == 0)
        return isIdle.0 == isIdle.1 ? first < second : !isIdle.0
      }
      shown = asked.prefix(max(rows - 2, 0)).sorted().map { versions[$0] }
      left = versions.count - shown.count
    }
    var kept = tableColumns(withErrors: versions.contains { !$0.errorsPerSecond.isEmpty })
    var texts = text(shown, kept)
    while let widest = texts.map(\.count).max(), widest > columns, let next = kept.map(\.goes).max(), next > 0 {
      kept.removeAll { $0.goes == next }
      texts = text(shown, kept)
    }
    var lines = [TopLine(text: cut(texts[0], columns), style: .title)]
    for (version, text) in zip(shown, texts.dropFirst()) {
      lines.append(TopLine(text: cut(text, columns), style: version.queriesPerSecond > 0 ? .plain : .idle))
    }
    if left > 0 { lines.append(TopLine(text: cut("and \(NumberFormat.grouped(left)) more", columns), style: .idle)) }
    return lines
  }

  private static func text(_ versions: [TopMeasurement.Version], _ columns: [(column: Column, goes: Int)]) -> [String] {
    Table.text(versions, columns: columns.map(\.column)).split(separator: "\n").map(String.init)
  }

  // MARK: Words

  /// Seconds as `12.3 us`, `4.6 ms`, `1.2 s`.
  static func time(_ seconds: Double?) -> String {
    guard let seconds else { return "-" }
    let (number, unit) =
      seconds < 0.999_5e-3 ? (seconds * 1e6, "us") : seconds < 0.999_5 ? (seconds * 1e3, "ms") : (seconds, "s")
    return "\(NumberFormat.fixed(number, digits: number < 99.95 ? 1 : 0)) \(unit)"
  }

  private static func bytes(_ number: Double) -> String { NumberFormat.bytes(Int(exactly: number.rounded()) ?? 0) }

  private static func counted(_ count: Int, _ what: String) -> String {
    "\(NumberFormat.grouped(count)) \(what)\(count == 1 ? "" : "s")"
  }

  /// As many items as there is room for; of the first, as much.
  static func fitted(_ items: [String], _ columns: Int) -> String {
    var text = items.first ?? ""
    for item in items.dropFirst() {
      guard text.count + 2 + item.count <= columns else { break }
      text += "  " + item
    }
    return cut(text, columns)
  }

  static func cut(_ text: String, _ columns: Int) -> String {
    text.count > columns ? String(text.prefix(max(columns, 0))) : text
  }

  /// What comes from the network cannot steer the terminal, and every character of it is one column wide.
  static func printable(_ text: String) -> String {
    String(decoding: text.utf8.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
