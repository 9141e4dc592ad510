public import NIOCore
import NIOPosix
public import Wire

/// A connection that says whatever a test wants it to.
public enum RawConnection {
  /// Sends bytes, ends its own side, and reads until the server has ended its.
  public static func say(_ bytes: [UInt8], to address: SocketAddress, ending: Bool = true) async throws -> [UInt8] {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(to: address) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      if !bytes.isEmpty { try await outbound.write(ByteBuffer(bytes: bytes)) }
      if ending { try await channel.channel.close(mode: .output) }
      var received: [UInt8] = []
      do {
        for try await buffer in inbound { received += Array(buffer.readableBytesView) }
      } catch is IOError {
        // Reset: the server had closed with bytes of ours unread.
      }
      return received
    }
  }

  public static func frames(_ bytes: [UInt8]) throws -> [V1.Frame] {
    var codec = FrameCodec()
    var decoder = FrameDecoder()
    var buffer = ByteBuffer(bytes: bytes)
    var frames: [V1.Frame] = []
    while let payload = try decoder.decode(buffer: &buffer) {
      frames.append(try payload.withUnsafeReadableBytes { bytes throws(DecodingFault) in try codec.read(bytes) })
    }
    return frames
  }

  public static func bytes(_ frames: V1.Frame...) -> [UInt8] { bytes(of: frames) }

  public static func bytes(of frames: [V1.Frame]) -> [UInt8] {
    var codec = FrameCodec()
    return frames.flatMap { codec.bytes(of: $0) }
  }
}
