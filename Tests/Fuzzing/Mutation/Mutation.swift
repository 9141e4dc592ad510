import CFuzzing

/// What the mutations share.
enum Mutation {
  /// Puts what `change` makes of the bytes in their place.
  ///
  /// - Returns: how many there are now: at most `sizeMax`.
  static func replace(
    _ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ sizeMax: Int, in script: inout Script,
    _ change: ([UInt8], inout Script) -> [UInt8]
  ) -> Int {
    guard let data else { return 0 }
    let changed = change(Array(UnsafeBufferPointer(start: data, count: size)), &script).prefix(sizeMax)
    for (index, byte) in changed.enumerated() { data[index] = byte }
    return changed.count
  }

  /// Bytes as libFuzzer changes them.
  static func anyBytes(_ bytes: [UInt8]) -> [UInt8] {
    let room = bytes.count + 16
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      _ = buffer.initialize(from: bytes)
      count = LLVMFuzzerMutate(buffer.baseAddress!, bytes.count, room)
    }
  }
}
