/// Mutates a safetensors file: its header under a length that stays right, or its bytes.
enum ArtefactMutation {
  static func mutate(_ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ sizeMax: Int, _ seed: UInt32) -> Int {
    var script = Script(seed: UInt64(seed))
    return Mutation.replace(data, size, sizeMax, in: &script) { mutated($0, &$1) }
  }

  private static func mutated(_ file: [UInt8], _ script: inout Script) -> [UInt8] {
    let length = file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard file.count > 8, length <= UInt64(file.count - 8), !script.once(in: 8) else { return Mutation.anyBytes(file) }
    var header = Array(file[8..<8 + Int(length)])
    var body = Array(file[(8 + Int(length))...])
    switch script.draw(6) {
    case 0: body = Mutation.anyBytes(body)
    case 1, 2: header = withOtherNumber(header, &script)
    case 3:
      // Some piece of the header, another time.
      let start = script.draw(max(header.count, 1))
      let piece = header[start...].prefix(1 + script.draw(64))
      header.insert(contentsOf: piece, at: script.draw(header.count + 1))
    default: header = Mutation.anyBytes(header)
    }
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + body
  }

  /// Replaces one number of the JSON.
  private static func withOtherNumber(_ header: [UInt8], _ script: inout Script) -> [UInt8] {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    let starts = header.indices.filter { isDigit(header[$0]) && ($0 == 0 || !isDigit(header[$0 - 1])) }
    guard !starts.isEmpty else { return header }
    let start = starts[script.draw(starts.count)]
    let end = header[start...].firstIndex { !isDigit($0) } ?? header.endIndex
    let numbers = [
      "0", "1", "2", "3", "4", "8", "-1", "-0.0", "0.5", "1e39", "1e-60", "65536", "65537", "268435456", "4294967296",
      "9223372036854775807", "9223372036854775808", "1e400", "null", "true", "\"\"", "[]", "{}",
    ]
    return header[..<start] + Array(numbers[script.draw(numbers.count)].utf8) + header[end...]
  }
}
