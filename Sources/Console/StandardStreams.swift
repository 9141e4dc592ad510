#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The two streams of a program: results on standard output, everything else on standard error.
///
/// Written straight to the descriptors: what was printed is out, also when the process is killed right after.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes all of `text`. A reader that has gone is no error of ours: the rest is dropped.
  public func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        let count = systemWrite(rawValue, bytes.baseAddress! + written, bytes.count - written)
        if count > 0 {
          written += count
        } else if errno == EAGAIN {
          waitUntilWritable()
        } else if errno != EINTR {
          return
        }
      }
    }
  }

  /// Whether a person is looking: the stream is a terminal that understands control sequences.
  public var isTerminal: Bool {
    guard isatty(rawValue) == 1 else { return false }
    guard let kind = getenv("TERM") else { return false }
    return String(cString: kind) != "dumb"
  }

  /// Columns of the terminal; 80 where the stream is none.
  public var columns: Int { windowSize.map { Int($0.ws_col) } ?? 80 }

  /// Rows of the terminal; 24 where the stream is none.
  public var rows: Int { windowSize.map { Int($0.ws_row) } ?? 24 }

  private var windowSize: winsize? {
    var size = winsize()
    guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
    return size
  }

  /// A pipe shared with a process that made it non-blocking is full: wait rather than spin.
  private func waitUntilWritable() {
    var descriptor = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
    _ = poll(&descriptor, 1, -1)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
