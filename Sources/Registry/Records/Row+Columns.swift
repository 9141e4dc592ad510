import Foundation
import GRDB

extension ContentHash {
  var data: Data { Data(bytes) }
}

extension Row {
  func hash(_ column: String) throws -> ContentHash? {
    guard let data = self[column] as Data? else { return nil }
    guard let hash = ContentHash(bytes: data) else {
      throw RegistryError(.corrupted, "a stored SHA-256 has \(data.count) bytes, expected 32")
    }
    return hash
  }

  func number(_ column: String) -> UInt64? {
    (self[column] as Int64?).map { UInt64(clamping: $0) }
  }
}
