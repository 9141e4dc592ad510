import Console
import Foundation
import ModelStore
import Neural
import Registry
import StudentTraining

/// A service under all kinds of clients at once, decent and otherwise, for a long time: what it holds stays the same,
/// every answer is right, and nobody is disturbed by anybody.
struct Soak {
  let seconds: Double

  /// How often the service is looked at, and how often a line says what was seen.
  private static let sampleInterval = Duration.seconds(1)
  private static let secondsPerLine = 10

  func run() async throws -> SoakReport {
    try await withTemporaryFolder { folder in
      let registry = "\(folder)/teacher.sqlite"
      let small = SoakModel(.small, name: "small")
      let large = SoakModel(.large, name: "large")
      try publish([small, large], to: registry)
      let frames = WireFrames(
        .small, model: small.name, rows: 1, version: 1, architecture: try small.network.architecture())
      let serve = ["serve", "--registry", registry, "--listen", "127.0.0.1:0", "--log-level", "error"]
      return try await ServiceProcess.run("docent-teacher", arguments: serve) { teacher in
        let soak = SoakScene(port: teacher.port, small: small, large: large)
        let publisher = SoakPublisher(tourSeconds: SoakWatch(seconds: seconds).warm * 0.6)
        try publisher.prepare(soak)
        return try await play(soak, clients(publisher, frames), teacher)
      }
    }
  }

  private func publish(_ models: [SoakModel], to registry: String) throws {
    let store = try PolicyStore(path: registry, mode: .create)
    for model in models {
      let policy = try model.network.policy()
      let version = try store.publish(policy, model: model.name, who: OperatorName.current)
      model.add(version.number, InferencePolicy(policy))
    }
  }

  private func clients(_ publisher: SoakPublisher, _ frames: WireFrames) -> [any SoakClient] {
    [
      publisher, SoakAsker(isLasting: true), SoakAsker(isLasting: false), SoakAsker(isLasting: false),
      SoakBurst(frames: frames), SoakDeadlines(), SoakCancels(), SoakVisitor(), SoakWatcher(), SoakSlowReader(),
      SoakDropper(), SoakHalfClosed(), SoakBadFrames(), SoakBadCalls(), SoakRandomBytes(),
    ]
  }

  private func play(
    _ soak: SoakScene, _ clients: [any SoakClient], _ teacher: ServiceProcess
  ) async throws -> SoakReport {
    let descriptors = try teacher.openDescriptors()
    var watch = SoakWatch(seconds: seconds)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in clients { group.addTask { try await client.run(soak) } }
      defer { soak.isOver.set() }
      watch = try await self.watch(soak, teacher)
      soak.isOver.set()
      try await group.waitForAll()
    }
    let counts = soak.tally.now
    for fault in counts.faults { StandardStream.error.write("soak: \(fault)\n") }
    return SoakReport(
      watch: watch, counts: counts, descriptorsBefore: descriptors,
      descriptorsAfter: try await self.descriptors(of: teacher, atMost: descriptors))
  }

  private func watch(_ soak: SoakScene, _ teacher: ServiceProcess) async throws -> SoakWatch {
    var watch = SoakWatch(seconds: seconds)
    let began = ContinuousClock.now
    var line = (at: 0.0, answered: 0)
    while true {
      try await Task.sleep(for: Self.sampleInterval)
      let now = (ContinuousClock.now - began) / .seconds(1)
      watch.add(SoakWatch.Sample(seconds: now, residentBytes: try teacher.residentBytes()))
      let isLast = now >= seconds
      if isLast || now - line.at >= Double(Self.secondsPerLine) {
        let counts = soak.tally.now
        say(counts, watch, rate: Double(counts.answered - line.answered) / (now - line.at))
        line = (now, counts.answered)
      }
      if isLast { return watch }
    }
  }

  private func say(_ counts: SoakTally.Counts, _ watch: SoakWatch, rate: Double) {
    guard let last = watch.samples.last else { return }
    let clocks = "\(NumberFormat.clock(seconds: last.seconds))/\(NumberFormat.clock(seconds: seconds))"
    var parts = [
      "soak: \(clocks)", "resident \(NumberFormat.bytes(last.residentBytes))", "\(NumberFormat.rate(rate)) queries/s",
      "\(counts.wrong) wrong answers", "\(counts.unexpected) unexpected errors",
    ]
    if !counts.statuses.isEmpty { parts.append(counts.statusText) }
    StandardStream.error.write(parts.joined(separator: ", ") + "\n")
  }

  /// What is left when the service has noticed that its clients have gone; it is given some seconds for that.
  private func descriptors(of teacher: ServiceProcess, atMost expected: Int) async throws -> Int {
    for _ in 0..<100 where try teacher.openDescriptors() > expected {
      try await Task.sleep(for: .milliseconds(100))
    }
    return try teacher.openDescriptors()
  }
}
