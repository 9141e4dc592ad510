import Subprocess
import SystemPackage

/// `docent bench idle` as a process of its own, all of its connections greeted, for as long as a closure runs.
struct IdleClients {
  private let said: @Sendable () async -> String?
  private let say: @Sendable (String) async throws -> Void
  private let connections: Int

  static func run<Answer: Sendable>(
    _ connections: Int, port: UInt16, body: (IdleClients) async throws -> Answer
  ) async throws -> Answer {
    let arguments = ["bench", "idle", "--port", "\(port)", "--connections", "\(connections)"]
    return try await Subprocess.run(
      .path(FilePath(try ServiceProcess.siblingPath(of: "docent"))), arguments: Arguments(arguments),
      input: .inputWriter, output: .sequence, error: .currentStandardError
    ) { execution in
      let (lines, feed) = AsyncStream.makeStream(of: String.self)
      async let reading: Void = {
        defer { feed.finish() }
        for try await line in execution.standardOutput.strings() { feed.yield(line) }
      }()
      let writer = execution.standardInputWriter
      let clients = IdleClients(
        said: { await lines.first { _ in true } }, say: { _ = try await writer.write($0) }, connections: connections)
      let answer: Result<Answer, any Error>
      do {
        try await clients.expect("greeted \(connections)")
        answer = .success(try await body(clients))
      } catch {
        answer = .failure(error)
      }
      try await writer.finish()
      try await reading
      return try answer.get()
    }.closureResult
  }

  /// Has every connection ask one query, and waits for the answers.
  func ask() async throws {
    try await say("ask\n")
    try await expect("answered \(connections)")
  }

  private func expect(_ line: String) async throws {
    let given = await said()
    guard given == line else {
      throw BenchFailure("docent bench idle said '\(given ?? "")', expected '\(line)'")
    }
  }
}
