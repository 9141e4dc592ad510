import Foundation
import TestSupport
import Testing

/// `docent tokens`, as an operator uses it.
@Suite struct TokensCommandTests {
  private let folder: TemporaryFolder
  private let registry: String

  init() throws {
    folder = try TemporaryFolder()
    registry = folder.path("teacher.sqlite")
  }

  private func tokens(_ command: String, _ arguments: String...) async throws -> Program.Outcome {
    try await Program.docent.run(["tokens", command, "--registry", registry] + arguments)
  }

  private func create(_ arguments: String...) async throws -> String {
    let made = try await Program.docent.run(["tokens", "create", "--registry", registry] + arguments)
    try #require(made.code == 0, "\(made.errors)")
    return made.output
  }

  @Test func createPrintsTheTokenAloneAndTheRestOnStandardError() async throws {
    let made = try await tokens("create", "--name", "walker", "--scope", "publish", "--scope", "query")
    #expect(made.code == 0, "\(made.errors)")
    let token = try #require(made.output.wholeMatch(of: /(docent_([a-z2-7]{8})_([a-z2-7]{52}))\n/))
    #expect(made.errors.contains("token 'walker' (id \(token.2)): query, publish\n"))
    #expect(!made.errors.contains(token.3))
  }

  @Test func listShowsWhatWasMadeAndRevokedButNoSecret() async throws {
    let walker = try await create("--name", "walker", "--scope", "query", "--rows-per-second", "50000")
    let ci = try await create("--name", "ci", "--scope", "operate", "--scope", "publish")
    #expect(try await tokens("revoke", "ci").code == 0)
    let listed = try await tokens("list")
    #expect(listed.code == 0, "\(listed.errors)")
    let lines = listed.output.split(separator: "\n")
    try #require(lines.count == 3)
    #expect(lines[0].wholeMatch(of: /ID +NAME +SCOPES +ROWS\/S +CREATED \(UTC\) +REVOKED \(UTC\)/) != nil)
    let moment = "[0-9-]{10} [0-9:]{8}"
    #expect(try lines[1].contains(Regex("^[a-z2-7]{8}  walker  query            50,000  \(moment)  -$")))
    #expect(try lines[2].contains(Regex("^[a-z2-7]{8}  ci      publish,operate       -  \(moment)  \(moment)$")))
    let json = try await tokens("list", "--json")
    for token in [walker, ci] {
      let secret = token.dropLast().suffix(52)
      #expect(secret.count == 52 && !listed.output.contains(secret) && !json.output.contains(secret))
    }
  }

  @Test func resultsAsJSON() async throws {
    let made = try await tokens("create", "--name", "ci", "--scope", "query", "--rows-per-second", "7", "--json")
    #expect(made.errors.isEmpty, "\(made.errors)")
    let new = try #require(try made.objects.first)
    #expect(Set(new.keys) == ["id", "name", "scopes", "rows_per_second", "created", "token"])
    let id = try #require(new["id"] as? String)
    #expect((new["token"] as? String)?.hasPrefix("docent_\(id)_") == true)

    let listed = try #require(try await tokens("list", "--json").objects.first)
    #expect(Set(listed.keys) == ["id", "name", "scopes", "rows_per_second", "created", "created_by"])
    #expect(listed["id"] as? String == id)
    #expect(listed["scopes"] as? [String] == ["query"])
    #expect(listed["rows_per_second"] as? Int == 7)

    let revoked = try #require(try await tokens("revoke", id, "--json").objects.first)
    #expect(revoked["name"] as? String == "ci")
    #expect(revoked["was_revoked"] as? Bool == false)
    let again = try #require(try await tokens("revoke", "ci", "--json").objects.first)
    #expect(again["was_revoked"] as? Bool == true)
    #expect(again["revoked"] as? String == revoked["revoked"] as? String)
    let after = try #require(try await tokens("list", "--json").objects.first)
    #expect(after["revoked"] as? String == revoked["revoked"] as? String)
  }

  @Test func revokingTwiceSaysSoAndFreesTheNameOnce() async throws {
    _ = try await create("--name", "walker", "--scope", "query")
    let first = try await tokens("revoke", "walker")
    #expect(first.code == 0 && first.output.hasSuffix(" is revoked\n"), "\(first.errors)")
    let second = try await tokens("revoke", "walker")
    #expect(second.code == 0 && second.output.contains(" is revoked already, since "), "\(second.errors)")
    _ = try await create("--name", "walker", "--scope", "query")
    #expect(try await tokens("list", "--json").objects.map { $0["revoked"] != nil } == [true, false])
  }

  @Test func whatCannotBeIsRefusedAndChangesNothing() async throws {
    let token = try await create("--name", "walker", "--scope", "query").dropLast()
    let before = try Data(contentsOf: URL(fileURLWithPath: registry))
    let cases: [(arguments: [String], code: Int32, says: [String])] = [
      (["create", "--name", "walker", "--scope", "query"], 1, ["'walker'", "revoke it first"]),
      (["create", "--name", "b", "--scope", "fly"], 2, ["fly", "query", "publish", "operate"]),
      (["create", "--name", "b"], 2, ["--scope"]),
      (["create", "--name", "a b", "--scope", "query"], 2, ["--name", "1 to 40"]),
      (["create", "--name", "b", "--scope", "query", "--rows-per-second", "0"], 2, ["--rows-per-second is 0"]),
      (["revoke", "robot"], 1, ["no token 'robot'", "there is walker"]),
      (["revoke", String(token)], 1, ["not repeated", "there is walker"]),
    ]
    for (arguments, code, says) in cases {
      let outcome = try await Program.docent.run(["tokens"] + arguments + ["--registry", registry])
      #expect(outcome.code == code, "\(arguments): \(outcome.errors)")
      #expect(outcome.output.isEmpty)
      for text in says { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
      #expect(!outcome.errors.contains(token.suffix(52)))
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: registry)) == before)
    let missing = try await Program.docent.run("tokens", "list", "--registry", folder.path("none.sqlite"))
    #expect(missing.code == 1 && missing.errors.contains("none.sqlite"))
  }
}
