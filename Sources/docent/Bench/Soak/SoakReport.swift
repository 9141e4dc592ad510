import Console
import Wire

/// What a soak comes to.
struct SoakReport {
  let watch: SoakWatch
  let counts: SoakTally.Counts
  let descriptorsBefore, descriptorsAfter: Int

  var rows: [BenchRow] {
    func mebibytes(_ bytes: Double?) -> Double { (bytes ?? .nan) / 1_048_576 }
    let warm = NumberFormat.clock(seconds: watch.warm)
    return [
      row("resident memory at \(warm)", mebibytes(watch.residentBytes(before: watch.warm)), "MiB"),
      row(
        "resident memory at the end", mebibytes(watch.residentBytes(before: watch.samples.last?.seconds ?? 0)), "MiB"),
      row("resident memory, the most since \(warm)", mebibytes(Double(watch.residentBytesMost)), "MiB"),
      row("growth of resident memory since \(warm)", watch.growthPercent ?? .nan, "%", .atMost(5)),
      row("wrong answers", Double(counts.wrong), "", .atMost(0)),
      row("unexpected errors", Double(counts.unexpected), "", .atMost(0)),
      row("answered queries", Double(counts.answered), ""),
      row("answered rows", Double(counts.rows), ""),
      row("queries a second", Double(counts.answered) / watch.total, ""),
      row("versions published", Double(counts.published), ""),
      row("descriptors before the clients came", Double(descriptorsBefore), ""),
      row("descriptors when they were gone", Double(descriptorsAfter), ""),
    ]
      + counts.statuses.sorted { $0.key.rawValue < $1.key.rawValue }.map { code, count in
        row("ended as expected, \(code)", Double(count), "")
      }
  }

  private func row(_ name: String, _ value: Double, _ unit: String, _ target: BenchRow.Target? = nil) -> BenchRow {
    BenchRow(bench: "soak", name: name, value: value, unit: unit, target: target)
  }

  static let columns: [TableColumn<BenchRow>] = [
    TableColumn("WHAT") { $0.name },
    TableColumn("VALUE", .right) { BenchRow.digits($0.value) },
    TableColumn("UNIT") { $0.unit },
    TableColumn("TARGET") { $0.target?.text ?? "" },
    TableColumn("") { row in row.isReached.map { $0 ? "reached" : "MISSED" } ?? "" },
  ]
}
