import GRDB
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Models, their immutable versions, aliases with their history, and training runs, in one SQLite file.
///
/// A call that has returned is on the disk; one that has thrown changed nothing. Several processes may have the same
/// registry open. Calls block the thread (on the disk, and on other processes' transactions): none belongs on an event
/// loop. All of them throw `RegistryError`.
public final class ModelRegistry: Sendable {
  public enum Mode: Sendable {
    /// Opens the registry, and makes an empty one first where the path holds nothing.
    case create
    /// Opens a registry that is there.
    case existing
    /// Opens a registry that is there, to look only.
    case readOnly
  }

  /// As it was given to `open`.
  public let path: String
  public let mode: Mode

  let queue: DatabaseQueue
  let clock: @Sendable () -> Int64
  /// Staged artefacts whose stage was dropped without `commit` or `abort`; the next stage deletes their rows. (A
  /// `deinit` must not wait for the database.)
  let abandoned = Mutex<[Int64]>([])

  init(path: String, mode: Mode, queue: DatabaseQueue, clock: @escaping @Sendable () -> Int64) {
    self.path = path
    self.mode = mode
    self.queue = queue
    self.clock = clock
  }

  /// Microseconds since 1970-01-01 UTC.
  public static let systemClock: @Sendable () -> Int64 = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// One consistent view of the registry.
  func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    do {
      return try queue.read(body)
    } catch {
      throw RegistryError(translating: error, path: path)
    }
  }

  /// One transaction that takes the write lock at its beginning (BEGIN IMMEDIATE), so that it waits for other writers
  /// rather than failing when it is half done.
  func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    guard mode != .readOnly else {
      throw RegistryError(.readOnly, "\(path): the registry was opened to be read only")
    }
    do {
      return try queue.write(body)  // GRDB begins writes with BEGIN IMMEDIATE
    } catch {
      throw RegistryError(translating: error, path: path)
    }
  }

  /// A number that changes when another connection or process has changed the registry (PRAGMA data_version): cheap
  /// enough to ask many times a second.
  public func foreignChanges() throws -> Int64 {
    try read { db in try Int64.fetchOne(db, sql: "PRAGMA data_version") ?? 0 }
  }
}
