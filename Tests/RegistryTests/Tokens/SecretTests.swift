import Foundation
import GRDB
import TestSupport
import Testing

@testable import Registry

/// A secret is told once, and neither kept nor printed.
@Suite struct SecretTests {
  private static func contents(of folder: TemporaryFolder) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    return Dictionary(
      uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: folder.url.appending(path: $0))) })
  }

  @Test func noFileOfTheRegistryHoldsIt() throws {
    let fixture = try RegistryFixture()
    // With a write-ahead log, whatever this machine's SQLite would get.
    _ = try fixture.registry.queue.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") }
    let (token, record) = try fixture.registry.createToken(name: "robot", scopes: [.query], by: "ann")
    let secret = try #require(TokenText(token)).secret
    let written = try Self.contents(of: fixture.folder)
    #expect(written["r.sqlite-wal"]?.range(of: Data(record.secretHash.bytes)) != nil, "the hash is what is kept")
    try fixture.registry.revokeToken("robot", by: "ann")
    _ = try fixture.registry.queue.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE") }
    let folded = try Self.contents(of: fixture.folder)
    #expect(folded["r.sqlite"]?.range(of: Data(record.secretHash.bytes)) != nil)
    for (name, bytes) in Array(written) + Array(folded) {
      #expect(bytes.range(of: Data(secret)) == nil, "\(name)")
    }
  }

  @Test func noDescriptionTellsItNorItsHash() throws {
    let fixture = try RegistryFixture()
    let (token, record) = try fixture.registry.createToken(name: "robot", scopes: [.query], by: "ann")
    let text = try #require(TokenText(token))
    let hidden = [text.secret, record.secretHash.bytes]
    let things: [Any] = [record, text, record.secretHash, TokenTable([record]), [record], Optional(text) as Any]
    for thing in things {
      var dumped = ""
      dump(thing, to: &dumped)
      for printed in ["\(thing)", String(reflecting: thing), dumped] {
        for bytes in hidden {
          #expect(!printed.contains(String(decoding: bytes, as: UTF8.self)))
          #expect(!printed.contains(ContentHash(bytes: bytes)?.hex ?? "no hash"))
          let numbers = printed.split { !$0.isNumber }.joined(separator: " ")
          #expect(!numbers.contains(bytes.prefix(4).map { "\($0)" }.joined(separator: " ")))
        }
      }
    }
    #expect("\(record)" == "token 'robot' (id \(record.id), query)")
    #expect("\(text)" == "docent_\(record.id)_(hidden)")
  }

  /// Somebody pastes a token where its name belongs, whole or with an end cut off.
  @Test func noErrorRepeatsIt() throws {
    let fixture = try RegistryFixture()
    let token = try fixture.registry.createToken(name: "robot", scopes: [.query], by: "ann").token
    let secret = token.suffix(TokenText.secretCharacters)
    for given in [token, token.uppercased(), String(token.dropLast()), String(token.prefix(30)), String(secret)] {
      let errors = [
        registryError { try fixture.registry.revokeToken(given, by: "ann") },
        registryError { _ = try fixture.registry.createToken(name: given, scopes: [.query], by: "ann") },
        registryError { _ = try fixture.registry.createToken(name: given, scopes: [], by: "ann") },
      ]
      for error in errors {
        let message = try #require(error).message
        #expect(!message.lowercased().contains(secret.prefix(8)), "\(message)")
      }
    }
    #expect(try fixture.registry.tokens().map(\.isRevoked) == [false])
  }
}
