#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a path holds, told from the file's first bytes without SQLite: looking must neither create nor change a file.
enum RegistryFile {
  /// "DCNT", in the header of every registry (PRAGMA application_id).
  static let applicationID: Int32 = 0x4443_4E54

  enum Kind: Equatable {
    case missing
    case registry
    /// With what it is instead.
    case somethingElse(String)
    case unreadable(String)
  }

  /// Reads the 100 bytes of the header of SQLite's file format (sqlite.org/fileformat2.html, 1.3).
  static func inspect(_ path: String) -> Kind {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      return errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .unreadable(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT != S_IFDIR else { return .somethingElse("a directory") }
    guard status.st_mode & S_IFMT == S_IFREG else { return .somethingElse("not a regular file") }
    guard status.st_size > 0 else { return .somethingElse("an empty file") }
    var header = [UInt8](repeating: 0, count: 100)
    let count = read(descriptor, &header, header.count)
    guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)) else {
      return .somethingElse("not an SQLite database")
    }
    let identifier = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard identifier == UInt32(bitPattern: applicationID) else {
      return .somethingElse(
        identifier == 0
          ? "an SQLite database of another kind"
          : "an SQLite database of another program (application id \(identifier))")
    }
    return .registry
  }

  /// The path from the root, so that SQLite never takes it for a `file:` URI or `:memory:`.
  static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
    defer { free(current) }
    return String(cString: current) + "/" + path
  }

  /// Gives `temporary` the name `path` unless something has that name already: false then.
  static func link(_ temporary: String, to path: String) throws -> Bool {
    guard systemLink(temporary, path) != 0 else {
      synchronizeDirectory(of: path)
      return true
    }
    if errno == EEXIST { return false }
    throw RegistryError(.inputOutput, "\(path): cannot create the registry: \(String(cString: strerror(errno)))")
  }

  /// Returns when the file's content survives a loss of power.
  static func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw RegistryError(.inputOutput, "\(path): cannot write to the disk: \(String(cString: strerror(errno)))")
    }
  }

  /// The new name must survive a loss of power as well as the file's content does.
  private static func synchronizeDirectory(of path: String) {
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

private func systemLink(_ existing: String, _ new: String) -> Int32 {
  link(existing, new)
}
