import NIOCore

/// How much one connection's next read takes from its socket: about as many queries as a connection may enter into one
/// batch, so that a deep pipeline waits in the kernel and not in front of the others, but at least one call; all of a
/// frame that is under way.
///
/// `@unchecked Sendable`: NIO asks for it, and uses it, as its handler does, on the connection's event loop alone.
final class ReadSize: RecvByteBufferAllocator, @unchecked Sendable {
  /// Rows that a connection enters into a turn's batch while others wait.
  private static let rowsPerTurn = 64
  private static let smallest = 2048
  private static let largest = 64 << 10
  private static let largestForOneFrame = 256 << 10

  private var usual = 4096
  private var next = 4096

  /// A read brought so many queries, and rows of theirs.
  @inline(__always)
  func record(bytes: Int, queries: Int, rows: Int) {
    // Nothing to learn from a read that a bigger one would not have changed.
    if rows > 0, bytes * 2 > usual || rows > Self.rowsPerTurn { adapt(bytes: bytes, queries: queries, rows: rows) }
    next = usual
  }

  private func adapt(bytes: Int, queries: Int, rows: Int) {
    let turn = min(max((bytes + rows - 1) / rows * Self.rowsPerTurn, Self.smallest), Self.largest)
    usual = max(turn, min(bytes / max(queries, 1) + 1, Self.largestForOneFrame))
  }

  /// A frame lacks so many bytes.
  func expect(bytes: Int) {
    next = min(max(bytes, usual), Self.largestForOneFrame)
  }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    allocator.buffer(capacity: next)
  }

  func nextBufferSize() -> Int? { next }

  func record(actualReadBytes: Int) -> Bool { false }
}
