import Wire

/// Mutates a stream of frames behind the seed of a ``Script``: frames come, go, change places, and change within, under
/// headers that mostly stay right.
enum StreamMutation {
  static func mutate(_ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ sizeMax: Int, _ seed: UInt32) -> Int {
    var script = Script(seed: UInt64(seed))
    return Mutation.replace(data, size, sizeMax, in: &script) { mutated($0, &$1) }
  }

  private static func mutated(_ input: [UInt8], _ script: inout Script) -> [UInt8] {
    let seed = Array(input.prefix(Script.seedBytes))
    if script.once(in: 8) { return Mutation.anyBytes(input) }
    if script.once(in: 8) { return (0..<Script.seedBytes).map { _ in UInt8(script.draw(256)) } + input.dropFirst(4) }
    var frames = cut(input.dropFirst(Script.seedBytes))
    if frames.isEmpty || script.once(in: 6) {
      frames.insert(foreign(&script), at: script.draw(frames.count + 1))
      return seed + frames.flatMap { $0 }
    }
    let index = script.draw(frames.count)
    switch script.draw(10) {
    case 0: frames.remove(at: index)
    case 1: frames.insert(frames[index], at: script.draw(frames.count + 1))
    case 2: frames.swapAt(index, script.draw(frames.count))
    case 3: frames[index] = Mutation.anyBytes(frames[index])
    case 4: number(&frames)
    default:
      let payload = Array(frames[index].dropFirst(FrameHeader.byteCount))
      frames[index] = framed(MessageMutation.mutated(payload, &script))
    }
    if script.once(in: 3) { number(&frames) }
    return seed + frames.flatMap { $0 }
  }

  /// The stream's frames; what is no whole frame is the last.
  private static func cut(_ stream: ArraySlice<UInt8>) -> [[UInt8]] {
    var rest = stream
    var frames: [[UInt8]] = []
    while !rest.isEmpty {
      var length = rest.count
      if rest.count >= FrameHeader.byteCount,
        let header = try? rest.withUnsafeBytes({ bytes throws(FrameRefusal) in
          try FrameHeader.read(bytes, frameBytesMax: .max)
        })
      {
        length = min(length, FrameHeader.byteCount + header.payloadBytes)
      }
      frames.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return frames
  }

  private static func framed(_ payload: [UInt8]) -> [UInt8] {
    [0] + withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) } + payload
  }

  private static func foreign(_ script: inout Script) -> [UInt8] {
    var codec = FrameCodec()
    return codec.bytes(
      of: V1.Frame(call: UInt32(script.draw(8)), MessageSamples.bodies[script.draw(MessageSamples.bodies.count)]))
  }

  /// Numbers the calls from 1, as the ends of a connection expect them.
  private static func number(_ frames: inout [[UInt8]]) {
    var next: UInt8 = 1
    for index in frames.indices where frames[index].count >= 10 && frames[index][5] == 0x0d {
      frames[index].replaceSubrange(6..<10, with: [next, 0, 0, 0])
      next &+= 1
    }
  }
}
