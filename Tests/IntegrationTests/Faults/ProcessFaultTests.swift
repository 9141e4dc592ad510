import Foundation
import NIOCore
import TestSupport
import Testing
import Wire

/// What can only happen to a service that is a process.
@Suite(.timeLimit(.minutes(1))) struct ProcessFaultTests {
  private let folder: TemporaryFolder
  private let registry: String
  private let observations = [UInt8](repeating: 0, count: 16)

  init() async throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
  }

  private var query: V1.Body {
    .infer(V1.InferRequest(model: "cartpole", rows: 1, observations: observations))
  }

  private func isAnswered(_ session: RawSession, _ call: UInt32) async -> Bool {
    if case .inferReply? = try? await session.ask(call, query) { true } else { false }
  }

  private func greet(_ teacher: RunningTeacher) async throws -> RawSession {
    let session = try await RawSession.greet(try teacher.socketAddress)
    _ = await session.next()
    return session
  }

  @Test("Out of descriptors it says so once, serves who is connected, and accepts again when there are some")
  func outOfDescriptors() async throws {
    let ended = try await RunningTeacher.serve(registry: registry, descriptorsMax: 64) { teacher in
      let served = try await greet(teacher)
      let descriptors = {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(teacher.processIdentifier)/fd").count
      }
      let before = try descriptors()
      // The kernel accepts them; the service cannot.
      var waiting: [RawSession] = []
      for _ in 0..<100 { waiting.append(try await RawSession.connect(to: try teacher.socketAddress)) }
      var call: UInt32 = 0
      // It keeps 16 for itself: without any, what it is made of could not go on.
      while try descriptors() < 64 - 16 {
        try Task.checkCancellation()
        call += 1
        #expect(await isAnswered(served, call))
      }
      for _ in 0..<200 {
        call += 1
        #expect(await isAnswered(served, call))
      }
      #expect(try descriptors() < 64, "its threads can still open what they need")
      for session in waiting { await session.reset() }
      // Accepting rests for a second at a time.
      let later = try await greet(teacher)
      #expect(await isAnswered(later, 1))
      #expect(await isAnswered(served, call + 1))
      await later.close()
      while try descriptors() > before {
        try Task.checkCancellation()
        call += 1
        _ = await isAnswered(served, call + 1)
      }
    }
    #expect(ended.code == 0, "\(ended.log)")
    let lines = ended.log.split(separator: "\n")
    let said = lines.filter { $0.contains("cannot be accepted") }
    #expect(
      said.count >= 1 && said.allSatisfy { $0.contains("--connections-max") && $0.contains("error") }, "\(ended.log)")
    #expect(lines.count { $0.contains("accepted again") } == said.count)
    #expect(said.count <= 10, "not once for each of the 100 connections")
  }

  @Test("Killed under load, every connection ends and no answer is half there; started again, it is as it was")
  func killed() async throws {
    let first = try await RunningTeacher.serve(registry: registry, endsInBody: true) { teacher in
      var sessions: [RawSession] = []
      for _ in 0..<20 { sessions.append(try await greet(teacher)) }
      let expected = try await sessions[0].ask(1, query)
      let answered = try await withThrowingTaskGroup(of: (answers: Int, wrong: Int).self) { group in
        for session in sessions {
          group.addTask {
            var seen = (answers: 0, wrong: 0)
            for call in 2...UInt32.max {
              guard (try? await session.send(V1.Frame(call: call, query))) != nil else { break }
              guard let frame = await session.next() else { break }
              seen.answers += 1
              if frame != expected.map({ V1.Frame(call: call, $0) }) { seen.wrong += 1 }
              if call == 200 { teacher.send(SIGKILL) }
            }
            return seen
          }
        }
        return try await group.reduce(into: [(answers: Int, wrong: Int)]()) { $0.append($1) }
      }
      #expect(answered.count == 20, "every connection ended")
      #expect(answered.allSatisfy { $0.wrong == 0 } && answered.contains { $0.answers > 100 })
      return (teacher.address, expected)
    }
    #expect(first.code == -SIGKILL)
    let (address, expected) = first.answer
    let second = try await RunningTeacher.serve(registry: registry, listen: address) { teacher in
      #expect(teacher.address == address, "the port is free at once")
      let session = try await greet(teacher)
      #expect(try await session.ask(1, query) == expected)
    }
    #expect(second.code == 0)
  }
}
