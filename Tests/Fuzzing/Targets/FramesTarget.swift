import NIOCore
import Wire

/// A stream gives the same frames in whatever pieces it comes.
enum FramesTarget {
  static func run(_ input: UnsafeRawBufferPointer) -> CInt {
    var rest = input
    var script = Script(&rest)
    let (frames, isRefused) = decode([rest])
    var pieces: [UnsafeRawBufferPointer] = []
    while !rest.isEmpty { pieces.append(script.cut(&rest)) }
    let (piecewise, isRefusedInPieces) = decode(pieces)
    require(frames == piecewise, "\(frames.count) frames at once, others in pieces")
    require(isRefused == isRefusedInPieces, "refused at once: \(isRefused), in pieces: \(isRefusedInPieces)")
    return 0
  }

  private static func decode(_ pieces: [UnsafeRawBufferPointer]) -> ([ByteBuffer], isRefused: Bool) {
    let processor = NIOSingleStepByteToMessageProcessor(FrameDecoder(frameBytesMax: 1000))
    var frames: [ByteBuffer] = []
    do {
      for piece in pieces {
        try processor.process(buffer: ByteBuffer(bytes: piece)) { frame in
          require(frame.readableBytes <= 1000, "a frame of \(frame.readableBytes) bytes, beyond the limit")
          frames.append(frame)
        }
      }
      try processor.finishProcessing(seenEOF: true) { frames.append($0) }
      return (frames, false)
    } catch {
      require(error is FrameRefusal, "no refusal: \(error)")
      return (frames, true)
    }
  }
}
