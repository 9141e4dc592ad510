import Testing

@testable import Registry

@Suite struct TokenTableTests {
  private static func table() throws -> (table: TokenTable, tokens: [(token: String, record: TokenRecord)]) {
    let fixture = try RegistryFixture()
    let tokens = try ["walker", "ci", "gone"].map {
      try fixture.registry.createToken(name: $0, scopes: [.query], by: "ann")
    }
    try fixture.registry.revokeToken("gone", by: "ann")
    return (TokenTable(try fixture.registry.tokens()), tokens)
  }

  @Test func aValidTokenIsFound() throws {
    let (table, tokens) = try Self.table()
    #expect(table.find(tokens[0].token) == tokens[0].record)
    #expect(table.find(tokens[1].token) == tokens[1].record)
    #expect(table.valid(id: tokens[0].record.id) == tokens[0].record)
    #expect(!table.isEmpty)
  }

  @Test func aRevokedTokenIsNotFound() throws {
    let (table, tokens) = try Self.table()
    #expect(table.find(tokens[2].token) == nil)
    #expect(table.valid(id: tokens[2].record.id) == nil)
    let revoked = TokenRecord(
      id: "aaaaaaaa", name: "x", scopes: [.query], rowsPerSecond: nil, createdMicroseconds: 1, createdBy: "ann",
      revokedMicroseconds: 2, revokedBy: "ann", secretHash: SecretHash(of: []))
    #expect(TokenTable([revoked]).isEmpty)
  }

  @Test func everyCharacterOfATokenCounts() throws {
    let (table, tokens) = try Self.table()
    let token = Array(tokens[0].token)
    for index in token.indices {
      var other = token
      other[index] = other[index] == "a" ? "b" : "a"
      #expect(table.find(String(other)) == nil, "character \(index)")
      #expect(table.find(String(token[..<index])) == nil, "the first \(index)")
    }
  }

  @Test func whatIsNoTokenIsNotFound() throws {
    let (table, tokens) = try Self.table()
    let (walker, ci) = (tokens[0], tokens[1])
    let crossed = "docent_\(walker.record.id)_\(ci.token.suffix(TokenText.secretCharacters))"
    let texts = [
      "", "docent_", walker.token.uppercased(), walker.token + "a", walker.token + "\n", " " + walker.token, crossed,
      walker.record.id, String(walker.token.suffix(TokenText.secretCharacters)),
      "docent_\(walker.record.id)_" + String(repeating: "\0", count: TokenText.secretCharacters),
      String(repeating: "\u{1F600}", count: 17), String(repeating: "a", count: 1 << 20),
    ]
    for text in texts { #expect(table.find(text) == nil, "\(text.prefix(80))") }
    #expect(TokenTable([]).find(walker.token) == nil)
    #expect(TokenTable([]).isEmpty)
  }
}
