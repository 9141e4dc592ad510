import Foundation
import NIOCore
import TestSupport
import Testing
import Wire

/// Tokens from the command that makes them to the call that they allow.
@Suite(.timeLimit(.minutes(1))) struct TokenAccessTests {
  private let folder: TemporaryFolder
  private let registry: String

  init() async throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
    try await ImportedPolicyTests.imported(into: registry)
  }

  private func create(_ arguments: String...) async throws -> String {
    let made = try await Program.docent.run(["tokens", "create", "--registry", registry] + arguments)
    try #require(made.code == 0, "\(made.errors)")
    return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func query(rows: Int = 1) -> V1.Body {
    .infer(V1.InferRequest(model: "cartpole", rows: rows, observations: [UInt8](repeating: 0, count: 16 * rows)))
  }

  private func status(_ body: V1.Body?) -> WireStatus? {
    switch body {
    case .status(let status): status
    case .goAway(let goAway): goAway.status
    default: nil
    }
  }

  private func greeting(_ teacher: RunningTeacher, _ token: String) async throws -> (RawSession, V1.Body?) {
    let session = try await RawSession.greet(try teacher.socketAddress, token: token)
    return (session, await session.next()?.body)
  }

  @Test("A token is made, used, and revoked: its open connection ends, and it is let in no more; no secret is logged")
  func lifeOfAToken() async throws {
    let (mine, other) = (
      try await create("--name", "mine", "--scope", "query"),
      try await create("--name", "other", "--scope", "publish")
    )
    let ended = try await RunningTeacher.serve(
      registry: registry, arguments: ["--tokens", "--log-level", "trace"]
    ) { teacher in
      for wrong in ["", "docent_aaaaaaaa_" + String(repeating: "a", count: 52), String(mine.dropLast()), mine + "a"] {
        let (session, answer) = try await greeting(teacher, wrong)
        #expect(status(answer)?.code == .unauthenticated)
        #expect(await session.next() == nil)
      }
      let (session, welcome) = try await greeting(teacher, mine)
      guard case .welcome = welcome else {
        Issue.record("\(String(describing: welcome))")
        return
      }
      let (publisher, _) = try await greeting(teacher, other)
      if case .inferReply = try await session.ask(1, query()) {} else { Issue.record("not answered") }
      let denied = status(try await publisher.ask(1, query()))
      #expect(denied?.code == .permissionDenied && denied?.message.contains("scope query") == true)

      // Made while the service runs.
      let late = try await create("--name", "late", "--scope", "query", "--rows-per-second", "5")
      var answer = try await greeting(teacher, late)
      while status(answer.1) != nil {
        try Task.checkCancellation()
        answer = try await greeting(teacher, late)
      }
      _ = try await answer.0.ask(1, query(rows: 5))
      _ = try await answer.0.ask(2, query(rows: 5))
      let limited = status(try await answer.0.ask(3, query()))
      #expect(limited?.code == .resourceExhausted && (limited?.retryAfterMicroseconds ?? 0) > 0)

      let revoked = try await Program.docent.run("tokens", "revoke", "--registry", registry, "mine")
      #expect(revoked.code == 0)
      let last = await session.rest()
      #expect(last.count == 1 && status(last.first?.body)?.code == .unauthenticated)
      let (_, refused) = try await greeting(teacher, mine)
      #expect(status(refused)?.code == .unauthenticated)
      let stays = status(try await publisher.ask(2, query()))
      #expect(stays?.code == .permissionDenied, "the others stay")
    }
    #expect(ended.code == 0)
    for token in [mine, other] { #expect(!ended.log.contains(token.suffix(52)), "a secret is in the log") }
    #expect(ended.log.contains("token=mine"), "whose connection it was is there")
  }
}
