import Foundation
import GRDB
import TestSupport

@testable import Registry

/// A registry in a folder of its own, and hands on its file that the registry does not have.
struct RegistryFixture {
  let folder: TemporaryFolder
  let registry: ModelRegistry

  var path: String { registry.path }

  init(_ name: String = "r.sqlite", clock: @escaping @Sendable () -> Int64 = { 1_700_000_000_000_000 }) throws {
    folder = try TemporaryFolder()
    registry = try ModelRegistry.open(path: folder.path(name), mode: .create, clock: clock)
  }

  func another(_ mode: ModelRegistry.Mode = .existing) throws -> ModelRegistry {
    try ModelRegistry.open(path: path, mode: mode)
  }

  /// Reads the file by another connection, without the registry's code.
  func sql<Value: DatabaseValueConvertible>(_ type: Value.Type, _ sql: String) throws -> Value? {
    try DatabaseQueue(path: path).read { db in try Value.fetchOne(db, sql: sql) }
  }

  /// Changes the file behind the registry's back.
  func tamper(_ sql: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA foreign_keys = OFF; " + sql)
    }
  }

  /// What people could see of the registry, and how much is stored in it.
  func picture() throws -> [String] { try Self.picture(of: path) }

  static func picture(of path: String) throws -> [String] {
    try DatabaseQueue(path: path).read { db in
      var lines: [String] = []
      for table in [
        "models", "versions", "aliases", "alias_changes", "requests", "teacher_uses", "rollouts", "rollout_events",
        "withdrawn_versions", "owners",
      ] {
        lines += try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { "\(table): \($0)" }
      }
      let chunks = try Row.fetchAll(db, sql: "SELECT artefact, position, length(data) FROM artefact_chunks")
      return lines + chunks.map { "\($0)" }
        + (try Row.fetchAll(db, sql: "SELECT id, promoted FROM artefacts").map { "\($0)" })
    }
  }
}

extension NewVersion {
  static func sample(_ model: String = "m", requestID: String? = nil, teachers: [TeacherUse] = []) -> NewVersion {
    NewVersion(
      model: model, architectureJSON: #"{"environment":"CartPole-v1"}"#, fingerprint: ContentHash(of: [1, 2, 3]),
      lineage: Lineage(
        run: "run-1", algorithm: "ppo", seed: .max, environmentSteps: 51_200, teachers: teachers),
      golden: GoldenBytes(
        rows: 2, observations: [UInt8](0..<32), outputs: [UInt8](32..<48), values: [UInt8](48..<56)),
      requestID: requestID)
  }
}

/// Bytes that differ with `salt` and do not repeat chunk by chunk.
func artefact(_ count: Int, salt: UInt8 = 0) -> [UInt8] {
  var state = UInt64(salt) &* 0x9E37_79B9_7F4A_7C15 &+ 1
  let words = (0..<(count + 7) / 8).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state.byteSwapped
  }
  return words.withUnsafeBytes { Array($0.prefix(count)) }
}

/// The error of a registry's call.
func registryError(_ body: () throws -> Void) -> RegistryError? {
  do {
    try body()
    return nil
  } catch {
    return error as? RegistryError
  }
}
