import Foundation
import NIOCore
import Registry
import TestSupport
import Testing
import Wire

@testable import docent_teacher

/// What becomes of tokens when the registry's file is replaced, or is gone, under the running service.
@Suite(.timeLimit(.minutes(1))) struct TokenWatchTests {
  private let folder: TemporaryFolder
  private let path: String
  private let log = RecordingLog()

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("teacher.sqlite")
  }

  private func make(_ name: String, in path: String) throws -> String {
    try ModelRegistry.open(path: path, mode: .create).createToken(name: name, scopes: [.query], by: "test").token
  }

  private func start() async throws -> (TokenGate, TokenWatch) {
    let source = try TokenSource(path: path)
    let reading = try #require(try await source.reading(since: nil))
    let gate = TokenGate(reading.tokens)
    return (gate, TokenWatch(source, gate, seen: reading.state, logger: log.logger))
  }

  private func isValid(_ token: String, _ gate: TokenGate) -> Bool { (try? gate.access(token: token)) != nil }

  private func move(_ from: String, over to: String) throws {
    try #require(rename(from, to) == 0)
  }

  @Test("Another registry in the file's place: its tokens are valid, those of the old one are not, and it is said once")
  func replaced() async throws {
    let old = try make("old", in: path)
    var (gate, watch) = try await start()
    let other = folder.path("other.sqlite")
    let new = try make("new", in: other)
    let access = try gate.access(token: old)
    #expect(await watch.look() == false)
    try move(other, over: path)
    #expect(await watch.look())
    #expect(!gate.stillGrants(access) && !isValid(old, gate) && isValid(new, gate))
    for _ in 0..<20 { #expect(await watch.look() == false) }
    #expect(log.lines.count == 1 && log.lines[0].contains("another file has taken the registry's place"))
    // What changes in the new file is seen as what changed in the old one was.
    let later = try make("later", in: path)
    #expect(await watch.look() && isValid(later, gate))
  }

  @Test("Without a file at the path no token is valid, which is said once; the file back there, they are again")
  func gone() async throws {
    let token = try make("mine", in: path)
    var (gate, watch) = try await start()
    try move(path, over: folder.path("aside.sqlite"))
    #expect(await watch.look())
    #expect(!isValid(token, gate))
    for _ in 0..<20 { #expect(await watch.look() == false) }
    #expect(log.lines.count == 1 && log.lines[0].contains("no token is valid"))
    try move(folder.path("aside.sqlite"), over: path)
    #expect(await watch.look())
    #expect(isValid(token, gate))
  }

  @Test("A token's rate goes on as it was when other tokens are made or revoked")
  func rates() async throws {
    let registry = try ModelRegistry.open(path: path, mode: .create)
    let token = try registry.createToken(name: "slow", scopes: [.query], rowsPerSecond: 10, by: "test").token
    var (gate, watch) = try await start()
    let rate = try #require(try gate.access(token: token).rate)
    // All that it may have at once.
    #expect(rate.take(rows: 1000, now: 5_000_000_000) == 0)
    _ = try make("other", in: path)
    #expect(await watch.look())
    let after = try #require(try gate.access(token: token).rate)
    #expect(after.take(rows: 1, now: 5_000_000_000) > 0, "a new connection has what is left, too")
    try registry.revokeToken("other", by: "test")
    #expect(await watch.look())
    #expect(try gate.access(token: token).rate === rate)
  }

  @Test("What is no registry lets nobody in, and each way in which that fails is said once")
  func noRegistry() async throws {
    let token = try make("mine", in: path)
    var (gate, watch) = try await start()
    for text in ["not a registry", ""] {
      let other = folder.path("other")
      try Data(text.utf8).write(to: URL(filePath: other))
      try move(other, over: path)
      for _ in 0..<20 { _ = await watch.look() }
      #expect(!isValid(token, gate))
    }
    #expect(log.lines.count == 2, "\(log.lines)")
  }

  @Test("A registry that cannot be read where it is keeps its tokens, and the failure is said once")
  func unreadable() async throws {
    let token = try make("mine", in: path)
    var (gate, watch) = try await start()
    let whole = try Data(contentsOf: URL(filePath: path))
    let file = try FileHandle(forUpdating: URL(filePath: path))
    // The file's change counter says that there is something to read, and what is there is no page of a database.
    try file.write(contentsOf: Data(repeating: 0xff, count: whole.count))
    for _ in 0..<20 { #expect(await watch.look() == false) }
    #expect(isValid(token, gate))
    #expect(log.lines.count == 1 && log.lines[0].contains("stay as they were"), "\(log.lines)")
    try file.seek(toOffset: 0)
    try file.write(contentsOf: whole)
    _ = await watch.look()
    #expect(log.lines.count == 2 && log.lines[1].contains("read again"), "\(log.lines)")
    #expect(isValid(token, gate))
  }

  @Test("The running service ends the connections of a token that only the old file has, and lets it in no more")
  func service() async throws {
    try await ImportedPolicyTests.imported(into: path)
    let token = try make("old", in: path)
    let ended = try await RunningTeacher.serve(registry: path, arguments: ["--tokens"]) { teacher in
      let session = try await RawSession.greet(try teacher.socketAddress, token: token)
      if case .welcome = await session.next()?.body {} else { Issue.record("not let in") }
      let other = folder.path("other.sqlite")
      _ = try make("new", in: other)
      try move(other, over: path)
      guard case .goAway(let last) = await session.rest().last?.body else {
        Issue.record("the connection did not end with a word")
        return
      }
      #expect(last.status.code == .unauthenticated)
      let again = try await RawSession.greet(try teacher.socketAddress, token: token)
      guard case .goAway(let refusal) = await again.next()?.body else {
        Issue.record("let in")
        return
      }
      #expect(refusal.status.code == .unauthenticated)
    }
    #expect(ended.code == 0)
    #expect(ended.log.split(separator: "\n").count { $0.contains("taken the registry's place") } == 1)
  }
}
