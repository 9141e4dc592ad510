extension InferenceBenchRow {
  /// As a line of `docent bench`.
  var row: BenchRow {
    let isLargeAtBatch1 = batch == 1 && network.hasPrefix("376-")
    return BenchRow(
      bench: "inference", name: "forward \(network), batch \(batch), against OpenBLAS", value: ratio,
      unit: "x OpenBLAS", target: .atLeast(isLargeAtBatch1 ? 1.4 : 1),
      details: ["us": microseconds, "OpenBLAS us": openBLASMicroseconds, "GFLOP/s": gigaflops])
  }
}
