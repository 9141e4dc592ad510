import Console
import Foundation
import ModelStore
import Neural
import Registry
import Wire

/// One version as these commands print it, wherever it is.
struct VersionListing: Encodable {
  struct Lineage: Encodable {
    struct Teacher: Encodable {
      let model: String
      let version: UInt64
      let sha256: String?
      let queries: UInt64
    }

    let run: String?
    let algorithm: String?
    let seed: UInt64?
    let environmentSteps: UInt64?
    let teachers: [Teacher]
  }

  let model: String
  let version: UInt64
  let aliases: [String]
  /// At a service: stored, loading, loaded or failed.
  let state: String?
  let failure: String?
  let policy: PolicyListing?
  let sha256: String
  let artefactBytes: UInt64
  let created: String
  let who: String?
  let lineage: Lineage
}

/// What a policy is.
struct PolicyListing: Encodable {
  let environment: String
  let observationWidth: Int
  /// categorical, gaussian or q_values.
  let head: String
  let actionWidth: Int
  let actionLow: [Float]?
  let actionHigh: [Float]?
  let policyHidden: [Int]
  let valueHidden: [Int]
  let sharedTrunk: Bool
  let hasValue: Bool
  let activation: String
  let normalized: Bool
  let parameters: UInt64
  let fingerprint: String?
}

/// One line of an alias's history.
struct AliasChangeListing: Encodable {
  let model: String
  let alias: String
  let from: UInt64?
  let to: UInt64?
  let who: String
  let when: String
  let why: String
}

/// What a move of an alias did.
struct AliasMoveListing: Encodable {
  let model: String
  let alias: String
  let from: UInt64?
  let to: UInt64?
}

/// What checking one version found; without a version, a problem of the model, and without both, of the registry.
struct VerificationListing: Encodable {
  let model: String?
  let version: UInt64?
  let ok: Bool
  let problem: String?
}

/// Times as ISO 8601 in UTC, to the microsecond: as text they sort as they happened.
enum Timestamp {
  static func text(microseconds: Int64) -> String {
    let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let date = Date(timeIntervalSince1970: TimeInterval(seconds)).ISO8601Format()
    return String(date.dropLast()) + "." + String(String(1_000_000 + rest).dropFirst()) + "Z"
  }

  /// To the second, for tables.
  static func short(_ text: String) -> String { String(text.prefix(19)).replacing("T", with: " ") }
}
