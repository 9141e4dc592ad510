import Console
import Foundation
import StudentTraining
import Wire

/// The teacher service against a raw epoll echo that answers frames of the same sizes.
///
/// The machine's speed changes from second to second, so every figure is the median of ratios of pairs: the echo is
/// measured, then at once the service.
struct WireBench {
  /// A shape of load, and what the service should reach of the echo under it.
  struct Shape: Sendable {
    enum Figure: Sendable { case callsPerSecond, p50 }
    let connections, depth: Int
    let figure: Figure
    let target: BenchRow.Target
    var name: String { "\(connections) connection\(connections == 1 ? "" : "s") x \(depth)" }
  }

  static let shapes = [
    Shape(connections: 64, depth: 1, figure: .callsPerSecond, target: .atLeast(0.60)),
    Shape(connections: 16, depth: 32, figure: .callsPerSecond, target: .atLeast(0.25)),
    Shape(connections: 1, depth: 1, figure: .p50, target: .atMost(1.25)),
  ]

  /// Pairs of measurements behind each ratio.
  var pairs = 10
  /// How long each measurement counts.
  var seconds = 0.5
  /// Starts behind the time from exec to ready.
  var starts = 5

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  func run(results: ResultPrinter) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "docent-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let served = try BenchModel.make(registry: folder.appending(path: "teacher.sqlite").path)
    try await measureRest(of: served, results)
    try await served.withTeacher { teacher in
      let frames = served.frames
      let load = LoadGenerator(frames: frames.load, seconds: seconds, replyBytesMin: frames.replyBytes)
      try await check(load, served, teacher)
      try await ServiceProcess.run(
        "docent", arguments: ["bench", "echo", "--reply-bytes", "\(frames.replyBytes)"]
      ) { echo in
        for shape in Self.shapes {
          try results.print(try await compare(shape, load, service: teacher.port, echo: echo.port))
        }
      }
    }
  }

  /// How soon it listens, and what it holds before anybody has asked anything.
  private func measureRest(of served: BenchModel, _ results: ResultPrinter) async throws {
    var startups: [Double] = []
    var resident: [Double] = []
    for _ in 0..<starts {
      try await served.withTeacher { teacher in
        startups.append(teacher.startup / .milliseconds(1))
        resident.append(Double(try teacher.residentBytes()) / 1_048_576)
      }
    }
    try results.print(
      BenchRow(
        bench: "wire", name: "teacher service, from exec to ready", value: median(startups), unit: "ms",
        target: .atMost(50), details: ["most": startups.max()!]))
    try results.print(
      BenchRow(
        bench: "wire", name: "teacher service, resident memory at rest", value: median(resident), unit: "MiB",
        target: .atMost(40), details: ["most": resident.max()!]))
  }

  /// One call, whose answer must be the policy's, to the bit: a fast wrong answer is worth nothing.
  private func check(_ load: LoadGenerator, _ served: BenchModel, _ teacher: ServiceProcess) async throws {
    var probe = load
    (probe.warmupSeconds, probe.seconds, probe.callsMax, probe.replyBytesMin) = (0, 10, 1, 0)
    let measured = try await probe.run(port: teacher.port, connections: 1, depth: 1)
    let reply = try WireFrames.answer(in: measured.firstReply)
    let expected = served.answer(to: WireFrames.observation)
    guard reply.outputs == expected.outputs, reply.values == [expected.value] else {
      throw Failure(
        description: "the service answered \(reply.outputs) \(reply.values), expected \(expected.outputs) "
          + "[\(expected.value)]")
    }
    guard measured.replyBytes == load.replyBytesMin...load.replyBytesMin else {
      throw Failure(description: "answers of \(measured.replyBytes) bytes, expected \(load.replyBytesMin)")
    }
  }

  private func compare(
    _ shape: Shape, _ load: LoadGenerator, service: UInt16, echo: UInt16
  ) async throws -> BenchRow {
    let progress = ProgressDisplay("bench wire, \(shape.name)", unit: "pairs")
    var ratios: [Double] = []
    var floor: [LoadGenerator.Measurement] = []
    var served: [LoadGenerator.Measurement] = []
    for pair in 0..<pairs {
      floor.append(try await load.run(port: echo, connections: shape.connections, depth: shape.depth))
      served.append(try await load.run(port: service, connections: shape.connections, depth: shape.depth))
      ratios.append(shape.figure.value(of: served[pair]) / shape.figure.value(of: floor[pair]))
      progress.update(ProgressState(done: pair + 1, total: pairs))
    }
    progress.finish()
    var details = ["least": ratios.min()!, "most": ratios.max()!]
    for (name, measured) in [("echo", floor), ("service", served)] {
      details["\(name) calls/s"] = median(measured.map(\.callsPerSecond))
      details["\(name) p50 us"] = median(measured.map(\.p50Microseconds))
      details["\(name) p99 us"] = median(measured.map(\.p99Microseconds))
    }
    return BenchRow(
      bench: "wire", name: "4-64-64-2, \(shape.name), \(shape.figure.name)", value: median(ratios),
      unit: "x echo", target: shape.target, details: details)
  }
}

extension WireBench.Shape.Figure {
  var name: String {
    switch self {
    case .callsPerSecond: "calls/s"
    case .p50: "p50"
    }
  }

  func value(of measured: LoadGenerator.Measurement) -> Double {
    switch self {
    case .callsPerSecond: measured.callsPerSecond
    case .p50: measured.p50Microseconds
    }
  }
}
