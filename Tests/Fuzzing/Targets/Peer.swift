import NIOCore
import NIOEmbedded
import Wire

/// The other end of a connection on an embedded channel.
enum Peer {
  /// The frames that were written to the channel since the last call.
  static func frames(_ channel: EmbeddedChannel, _ unread: inout ByteBuffer) -> [V1.Frame] {
    do {
      while var part = try channel.readOutbound(as: ByteBuffer.self) { unread.writeBuffer(&part) }
      var codec = FrameCodec()
      var decoder = FrameDecoder()
      var frames: [V1.Frame] = []
      while let payload = try decoder.decode(buffer: &unread) {
        frames.append(
          try payload.withUnsafeReadableBytes { bytes throws(DecodingFault) in try codec.read(bytes) })
      }
      return frames
    } catch {
      fatalError("what was written cannot be read: \(error)")
    }
  }

  /// Hands bytes to the channel's handlers. Whatever an end of a connection thinks of them, it does not throw.
  static func send(_ bytes: UnsafeRawBufferPointer, to channel: EmbeddedChannel) {
    guard channel.isActive else { return }
    do {
      try channel.writeInbound(ByteBuffer(bytes: bytes))
    } catch {
      fatalError("a handler let an error through: \(error)")
    }
  }

  /// The other end closes, and what was to happen later happens.
  static func close(_ channel: EmbeddedChannel) {
    _ = try? channel.finish(acceptAlreadyClosed: true)
    channel.embeddedEventLoop.advanceTime(by: .minutes(5))
  }
}
