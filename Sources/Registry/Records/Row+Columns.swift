import Foundation
import GRDB

extension ContentHash {
  var data: Data { Data(bytes) }
}

extension Row {
  func hash(_ column: String) throws -> ContentHash? {
    guard let data = try decode(Data?.self, forColumn: column) else { return nil }
    guard let hash = ContentHash(bytes: data) else {
      throw RegistryError(.corrupted, "a stored SHA-256 has \(data.count) bytes, expected 32")
    }
    return hash
  }

  /// What a column holds. A subscript ends the program where the value is of another type than the column's, as in a damaged file; this throws `RowDecodingError`.
  func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    try decode(Value.self, forColumn: column)
  }

  func number(_ column: String) throws -> UInt64? {
    (try value(column) as Int64?).map { UInt64(clamping: $0) }
  }
}
