import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A server of one connection that a test plays by hand, on a thread of its own.
final class ScriptedServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let served = DispatchSemaphore(value: 0)

  /// - Parameter script: plays the connection; it is closed when the script returns.
  init(_ script: @escaping @Sendable (Connection) -> Void) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let bound = bind(listener, address, length) == 0 && listen(listener, 16) == 0
        precondition(bound && getsockname(listener, address, &length) == 0, "no loopback socket")
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    self.listener = listener
    let served = served
    Thread.detachNewThread {
      let descriptor = accept(listener, nil, nil)
      script(Connection(descriptor: descriptor))
      close(descriptor)
      served.signal()
    }
  }

  /// Waits until the script has returned.
  func finish() {
    served.wait()
    close(listener)
  }

  struct Connection: Sendable {
    let descriptor: Int32

    /// The next frame's payload; nil at the end of the stream.
    func readFrame() -> [UInt8]? {
      guard let header = read(5) else { return nil }
      return read(header[1...].reduce(0) { $0 << 8 | Int($1) })
    }

    private func read(_ count: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      var at = 0
      while at < count {
        let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + at, count - at, 0) }
        if got <= 0 { return nil }
        at += got
      }
      return bytes
    }

    func write(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func writeFrame(_ payload: [UInt8]) { write(frame(payload)) }
  }
}

/// A whole frame of a payload below 64 KiB.
func frame(_ payload: [UInt8]) -> [UInt8] {
  [0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)] + payload
}
