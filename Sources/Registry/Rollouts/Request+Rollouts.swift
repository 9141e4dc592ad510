import Foundation
import GRDB

extension Request {
  static func rolloutStart(model: String, candidate: UInt64, weightPercent: Double, plan: String) -> Request {
    let plan = ContentHash(of: Array(plan.utf8))
    return Request(kind: .rolloutStart, model: model, detail: "\(candidate) \(weightPercent) \(plan.hex)")
  }

  /// Of the rollout that the model had then: who asks again does not know that it has another by now.
  static func rolloutChange(model: String, _ change: RolloutChange) -> Request {
    Request(kind: .rolloutChange, model: model, detail: "\(change)")
  }

  static func rollBack(model: String, to version: UInt64?) -> Request {
    Request(kind: .rollBack, model: model, detail: "\(version ?? 0)")
  }

  /// What the request was answered with when it was made first; nil when it is new.
  ///
  /// - Throws: `conflict` where the id was used for something else.
  static func answer<Answer: Decodable>(_ db: Database, id: String, to asked: Request) throws -> Answer? {
    guard let request = try fetch(db, id: id) else { return nil }
    try request.require(asked, id: id)
    do {
      return try JSONDecoder().decode(Answer.self, from: Data((request.answer ?? "").utf8))
    } catch {
      throw RegistryError(.corrupted, "the answer to request '\(id)' cannot be read", cause: error)
    }
  }

  static func insert(_ db: Database, id: String, _ request: Request, answer: some Encodable, now: Int64) throws {
    let json = String(decoding: try JSONEncoder().encode(answer), as: UTF8.self)
    try insert(db, id: id, request, from: nil, to: nil, now: now, answer: json)
  }
}
