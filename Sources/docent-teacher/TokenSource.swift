import NIOPosix
import Registry
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The tokens of a registry's file, read beside everything else: a revocation does not wait for a version that is
/// verified, loaded or published.
///
/// The registry blocks the thread that calls it, so it is called on a thread of its own.
final class TokenSource: Sendable {
  /// Which file was read, and when: tokens that were read in the same state are the same.
  struct State: Hashable {
    var file: FileIdentity
    /// Changes when another connection has changed the registry.
    var changes: Int64
  }

  struct Reading {
    var tokens: [TokenRecord]
    var state: State
  }

  /// Another file, or none, has taken the place of the one that was read, and it cannot be read instead. What is known
  /// of tokens is an old file's.
  struct FileReplaced: Error, CustomStringConvertible {
    let description: String
  }

  private struct Opened {
    var registry: ModelRegistry
    var file: FileIdentity

    /// A registry that was replaced while it was opened is opened again at the next look.
    init(_ path: String) throws {
      file = try FileIdentity(path)
      registry = try ModelRegistry.open(path: path, mode: .readOnly)
    }

    /// - Parameter before: nil: nothing was read.
    /// - Returns: nil where the state is still `before`.
    func reading(since before: State?) throws -> Reading? {
      // Asked first: what changes while they are read is read once more.
      let state = State(file: file, changes: try registry.foreignChanges())
      return state == before ? nil : Reading(tokens: try registry.tokens(), state: state)
    }
  }

  let path: String
  private let opened: Mutex<Opened>
  private let thread = NIOThreadPool(numberOfThreads: 1)

  /// - Parameter path: of a registry that is there.
  init(path: String) throws {
    self.path = path
    opened = Mutex(try Opened(path))
    thread.start()
  }

  func close() async {
    try? await thread.shutdownGracefully()
  }

  /// Looks at the file that is at the path now: SQLite alone would go on with the one that was there.
  ///
  /// - Returns: nil where nothing has changed since `before`.
  /// - Throws: ``FileReplaced``, or `RegistryError` where the file is the same and cannot be read.
  func reading(since before: State?) async throws -> Reading? {
    try await thread.runIfActive { [self] in try opened.withLock { try look(&$0, before) } }
  }

  private func look(_ opened: inout Opened, _ before: State?) throws -> Reading? {
    do {
      guard try FileIdentity(path) != opened.file else { return try opened.reading(since: before) }
      let new = try Opened(path)
      let reading = try new.reading(since: before)
      opened = new
      return reading
    } catch let error as FileIdentity.Unknown {
      throw FileReplaced(description: error.description)
    } catch  where (try? FileIdentity(path)) != opened.file {
      throw FileReplaced(description: "\(error)")
    }
  }
}

/// What tells a file from another one that has the same path at another time.
struct FileIdentity: Hashable {
  private let device: UInt64
  private let inode: UInt64

  struct Unknown: Error, CustomStringConvertible {
    let description: String
  }

  /// Of the file at the path, symbolic links followed.
  init(_ path: String) throws(Unknown) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw Unknown(description: "\(path): \(String(cString: strerror(errno)))")
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}
