/// How soon the service listens, and what it holds before anybody has asked anything.
struct RestMeasure: WireMeasure {
  let names = ["teacher service, from exec to ready", "teacher service, resident memory at rest"]

  func rows(_ effort: WireEffort) async throws -> [BenchRow] {
    try await withTemporaryFolder { folder in
      let model = try BenchModel.make(.small, registry: "\(folder)/teacher.sqlite")
      var startups: [Double] = []
      var resident: [Double] = []
      for _ in 0..<effort.starts {
        try await model.withTeacher { teacher in
          startups.append(teacher.startup / .milliseconds(1))
          resident.append(Double(try teacher.residentBytes()) / 1_048_576)
        }
      }
      return [
        BenchRow(
          bench: "wire", name: names[0], value: median(startups), unit: "ms", target: .atMost(50),
          details: ["most": startups.max()!]),
        BenchRow(
          bench: "wire", name: names[1], value: median(resident), unit: "MiB", target: .atMost(40),
          details: ["most": resident.max()!]),
      ]
    }
  }
}
