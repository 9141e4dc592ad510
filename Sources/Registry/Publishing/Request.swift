import GRDB

/// A request id that was answered: what was asked, and the answer. It makes publishes, alias moves and changes of
/// rollouts idempotent.
struct Request: Equatable {
  enum Kind: String {
    case publish, alias
    case rolloutStart = "rollout-start"
    case rolloutChange = "rollout-change"
    case rollBack = "roll-back"
  }

  var kind: Kind
  var model: String
  /// The rest of what was asked: an artefact's SHA-256; an alias and its new version; or what of a rollout.
  var detail: String
  /// 0: none.
  var from: UInt64 = 0
  var to: UInt64 = 0
  /// JSON, where the answer is more than two versions.
  var answer: String?

  private var asked: String { "\(kind.rawValue) \(model) \(detail)" }

  static func publish(model: String, sha256: ContentHash) -> Request {
    Request(kind: .publish, model: model, detail: sha256.hex)
  }

  static func alias(model: String, alias: String, to version: UInt64?) -> Request {
    Request(kind: .alias, model: model, detail: "\(alias) \(version ?? 0)")
  }

  static func fetch(_ db: Database, id: String) throws -> Request? {
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT asked, from_version, to_version, answer FROM requests WHERE id = ?", arguments: [id])
    else { return nil }
    let parts = (try row.value("asked") as String).split(separator: " ", maxSplits: 2).map(String.init)
    guard parts.count == 3, let kind = Kind(rawValue: parts[0]) else {
      throw RegistryError(.corrupted, "the record of request '\(id)' cannot be read")
    }
    return Request(
      kind: kind, model: parts[1], detail: parts[2], from: try row.number("from_version") ?? 0,
      to: try row.number("to_version") ?? 0, answer: try row.value("answer"))
  }

  static func insert(
    _ db: Database, id: String, _ request: Request, from: UInt64?, to: UInt64?, now: Int64, answer: String? = nil
  ) throws {
    guard !id.isEmpty, id.utf8.count <= 256 else {
      throw RegistryError(.invalid, "a request id of \(id.utf8.count) bytes was given, expected 1 to 256")
    }
    try db.execute(
      sql: "INSERT INTO requests (id, asked, from_version, to_version, when_us, answer) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [id, request.asked, from.map { Int64($0) }, to.map { Int64($0) }, now, answer])
  }

  /// Refuses an id that was used for something else.
  func require(_ other: Request, id: String) throws {
    guard asked == other.asked else {
      throw RegistryError(
        .conflict, "request id '\(id)' was already used for '\(asked)'; this request is '\(other.asked)'")
    }
  }
}
