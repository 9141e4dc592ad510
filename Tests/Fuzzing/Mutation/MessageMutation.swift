import CFuzzing

/// Mutates a protobuf message by its fields, at any depth, and leaves the lengths around them right: bytes that are
/// changed at random are mostly no message at all.
enum MessageMutation {
  static func mutate(_ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ sizeMax: Int, _ seed: UInt32) -> Int {
    var script = Script(seed: UInt64(seed))
    return Mutation.replace(data, size, sizeMax, in: &script) { mutated($0, &$1) }
  }

  static func mutated(_ message: [UInt8], _ script: inout Script) -> [UInt8] {
    guard var fields = Field.fields(of: message), !fields.isEmpty, !script.once(in: 6) else {
      return Mutation.anyBytes(message)
    }
    let index = script.draw(fields.count)
    switch script.draw(8) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: script.draw(fields.count + 1))
    case 2: fields[index].number = UInt64(script.draw(46))
    case 3: fields.swapAt(index, script.draw(fields.count))
    default: fields[index].change(&script)
    }
    return fields.flatMap(\.encoded)
  }
}

/// One field of a message: its number, its wire type and its bytes.
private struct Field {
  var number: UInt64
  var wireType: UInt8
  /// What follows the tag; without its length, where the type has one.
  var content: [UInt8]

  /// <https://protobuf.dev/programming-guides/encoding/>
  private static let (varint, fixed64, delimited, fixed32) = (UInt8(0), UInt8(1), UInt8(2), UInt8(5))

  /// - Returns: nil where the bytes are no sequence of fields.
  static func fields(of message: [UInt8]) -> [Field]? {
    var rest = message[...]
    var fields: [Field] = []
    while !rest.isEmpty {
      guard let tag = readVarint(&rest) else { return nil }
      let length: Int
      switch UInt8(tag & 7) {
      case varint:
        var copy = rest
        guard readVarint(&copy) != nil else { return nil }
        length = rest.count - copy.count
      case fixed64: length = 8
      case fixed32: length = 4
      case delimited:
        guard let given = readVarint(&rest), given <= UInt64(rest.count) else { return nil }
        length = Int(given)
      default: return nil
      }
      guard length <= rest.count else { return nil }
      fields.append(Field(number: tag >> 3, wireType: UInt8(tag & 7), content: Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return fields
  }

  var encoded: [UInt8] {
    var bytes = Self.bytes(varint: number << 3 | UInt64(wireType))
    if wireType == Self.delimited { bytes += Self.bytes(varint: UInt64(content.count)) }
    return bytes + content
  }

  mutating func change(_ script: inout Script) {
    switch wireType {
    case Self.varint:
      let numbers: [UInt64] = [
        0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 127, 128, 1 << 16, 1 << 31, 1 << 31 - 1, 1 << 32 - 1, 1 << 63, .max,
      ]
      content = Self.bytes(varint: numbers[script.draw(numbers.count)])
    case Self.delimited where !script.once(in: 4): content = MessageMutation.mutated(content, &script)
    case Self.delimited: content = Mutation.anyBytes(content)
    default: content = Array((Mutation.anyBytes(content) + content).prefix(content.count))
    }
  }

  private static func readVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func bytes(varint value: UInt64) -> [UInt8] {
    var value = value
    var bytes: [UInt8] = []
    while value > 0x7f {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }
}
