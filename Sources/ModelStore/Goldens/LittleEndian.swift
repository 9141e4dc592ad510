/// Floats as they are stored and sent: little-endian fp32.
enum LittleEndian {
  static func bytes(_ floats: [Float]) -> [UInt8] {
    floats.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) }
  }

  static func floats(_ bytes: [UInt8], _ what: String) throws(ModelStoreError) -> [Float] {
    guard bytes.count % 4 == 0 else {
      throw ModelStoreError(.mismatch, "the \(what) have \(bytes.count) bytes; expected 4 for each number")
    }
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { index in
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
      }
    }
  }
}
