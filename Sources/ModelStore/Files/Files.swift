#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads a file whole.
public enum WholeFile {
  /// - Throws: `ModelStoreError` `file`, with the path and why.
  public static func read(_ path: String) throws(ModelStoreError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "read") }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = systemRead(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, "read") }
      guard count > 0 else { return content }
      content.append(contentsOf: piece[..<count])
    }
  }
}

/// Writes a file that nobody ever sees half of: under a name of its own first, then renamed.
public enum ExclusiveFile {
  /// - Parameter replacing: whether a file that is there already may be replaced.
  /// - Throws: `ModelStoreError` `file`; what was there before is then still there.
  public static func write(_ content: [UInt8], to path: String, replacing: Bool) throws(ModelStoreError) {
    let temporary = "\(path).writing-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(path, "written") }
    defer { unlink(temporary) }
    var written = writeAll(content, to: descriptor) && fsync(descriptor) == 0
    let why = errno
    written = close(descriptor) == 0 && written
    guard written else { throw failure(path, "written", why) }
    if replacing {
      guard rename(temporary, path) == 0 else { throw failure(path, "written") }
    } else {
      // A link, other than a rename, never replaces.
      guard link(temporary, path) == 0 else {
        if errno == EEXIST {
          throw ModelStoreError(.file, "\(path) exists already; it was not changed")
        }
        throw failure(path, "written")
      }
    }
  }

  private static func writeAll(_ content: [UInt8], to descriptor: Int32) -> Bool {
    content.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = systemWrite(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

}

private func failure(_ path: String, _ verb: String, _ code: Int32 = errno) -> ModelStoreError {
  ModelStoreError(.file, "\(path) cannot be \(verb): \(String(cString: strerror(code)))")
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
