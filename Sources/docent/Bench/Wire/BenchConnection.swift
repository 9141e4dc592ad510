import CLoad
import SystemPackage
import Wire

/// One plain connection that is played by hand: what it sends need not be right. Blocks its thread, and belongs to one
/// at a time; not closed by itself.
final class BenchConnection {
  private let descriptor: Int32
  private var codec = FrameCodec(frameBytesMax: 64 << 20)
  /// Bytes that came and were not taken yet; their first is at `taken`.
  private var received: [UInt8] = []
  private var taken = 0
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  /// How long a server may say nothing where it has to say something.
  static let patience = Duration.seconds(20)

  /// - Parameter greets: sends `Hello`, and waits for `Welcome`.
  init(port: UInt16, greets: Bool = true) throws {
    descriptor = cload_connect(port)
    if descriptor < 0 { throw Errno(rawValue: -descriptor) }
    guard greets else { return }
    do {
      try send(WireFrames.hello)
      let frame = try receive()
      guard case .welcome? = frame?.body else {
        throw BenchFailure("Hello was answered by \(frame.map { "\($0.body)" } ?? "the end of the stream")")
      }
    } catch {
      close()
      throw error
    }
  }

  func close() { cload_close(descriptor) }

  /// Closes it so that the server is told that this end is gone.
  func reset() { cload_reset(descriptor) }

  func endSending() throws { try check(cload_end_sending(descriptor)) }

  func send(_ bytes: [UInt8]) throws { try check(cload_send(descriptor, bytes, bytes.count)) }

  func send(_ frame: V1.Frame) throws { try send(codec.bytes(of: frame)) }

  /// Sends them at once.
  func send(_ frames: [V1.Frame]) throws { try send(frames.flatMap { codec.bytes(of: $0) }) }

  private func check(_ code: Int32) throws {
    if code < 0 { throw Errno(rawValue: -code) }
  }

  /// The next frame; nil at the end of the stream.
  ///
  /// - Throws: `Errno.timedOut` where nothing comes in time; another where the connection was reset.
  func receive(within patience: Duration = patience) throws -> V1.Frame? {
    try receivePayload(within: patience).map { try read($0) }
  }

  /// The payload of the next frame; nil at the end of the stream.
  func receivePayload(within patience: Duration = patience) throws -> [UInt8]? {
    while true {
      if let payload = try takePayload() { return payload }
      if try receiveSome(within: patience) == 0 { return nil }
    }
  }

  func read(_ payload: [UInt8]) throws -> V1.Frame {
    try payload.withUnsafeBytes { bytes throws(DecodingFault) in try codec.read(bytes) }
  }

  /// Takes what is there, or waits for it.
  ///
  /// - Returns: how many bytes; 0 at the end of the stream.
  @discardableResult
  func receiveSome(within patience: Duration = patience) throws -> Int {
    let milliseconds = Int32(patience / .milliseconds(1))
    let count = cload_receive(descriptor, &chunk, chunk.count, milliseconds)
    if count < 0 { throw Errno(rawValue: Int32(-count)) }
    if taken == received.count {
      received.removeAll(keepingCapacity: true)
      taken = 0
    }
    received += chunk[..<Int(count)]
    return Int(count)
  }

  private func takePayload() throws -> [UInt8]? {
    let rest = received.count - taken
    guard rest >= FrameHeader.byteCount else { return nil }
    let header = try received.withUnsafeBytes { bytes in
      try FrameHeader.read(UnsafeRawBufferPointer(rebasing: bytes[taken...]), frameBytesMax: 64 << 20)
    }
    let end = taken + FrameHeader.byteCount + header.payloadBytes
    guard received.count >= end else { return nil }
    let payload = Array(received[(taken + FrameHeader.byteCount)..<end])
    taken = end
    if taken > 1 << 20 {
      received.removeFirst(taken)
      taken = 0
    }
    return payload
  }

  /// How long the server takes to answer a Ping. No call is open: what comes before the Pong is dropped.
  func ping() throws -> Duration {
    let began = ContinuousClock.now
    try send(V1.Frame(.ping(1)))
    while let frame = try receive() {
      if case .pong = frame.body { return ContinuousClock.now - began }
    }
    throw BenchFailure("the server closed the connection, expected a Pong")
  }
}
