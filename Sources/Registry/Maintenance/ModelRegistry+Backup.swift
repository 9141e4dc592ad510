import GRDB

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ModelRegistry {
  /// Pages copied before writers are let in: 4 MiB where they have SQLite's usual size.
  private static let pagesPerStep: CInt = 1024

  /// How often a copy may be begun anew, since somebody wrote meanwhile, before writers have to wait for it.
  private static let restartsMax = 8

  /// Copies the registry as it is at one moment, while others use it, by SQLite's backup API. The copy is a registry of
  /// one file, without what is only staged; on return it is durable, and has been opened. It appears whole or not at all.
  ///
  /// - Parameter path: where nothing is yet.
  /// - Returns: the copy's size in bytes.
  /// - Throws: `conflict` where something is there, which is not changed; `diskFull`, `inputOutput`, `corrupted`.
  @discardableResult
  public func backup(to path: String) throws -> Int {
    let absolute = RegistryFile.absolute(path)
    let taken = RegistryError(.conflict, "\(path) exists already; it was not changed")
    switch RegistryFile.inspect(absolute) {
    case .missing: break
    case .unreadable(let why): throw RegistryError(.inputOutput, "\(path): cannot be written: \(why)")
    case .registry, .somethingElse: throw taken
    }
    let temporary = "\(absolute).copying-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { for ending in ["", "-journal", "-wal", "-shm"] { unlink(temporary + ending) } }
    do {
      try copyPages(to: temporary)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
      throw RegistryError(.inputOutput, "\(path): cannot be written: no such folder, or not permitted", cause: error)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
      throw RegistryError(.diskFull, "\(path): the disk is full; there is no copy", cause: error)
    } catch {
      throw RegistryError(translating: error, path: self.path)
    }
    try RegistryFile.synchronize(temporary)
    _ = try ModelRegistry.open(path: temporary, mode: .readOnly).models()
    var status = stat()
    guard stat(temporary, &status) == 0, try RegistryFile.link(temporary, to: absolute) else { throw taken }
    return Int(status.st_size)
  }

  private func copyPages(to path: String) throws {
    let copy = try DatabaseQueue(path: path)
    try copy.writeWithoutTransaction { destination in
      do {
        try copyPages(to: destination, inOneStep: false)
      } catch is TooManyRestarts {
        try copyPages(to: destination, inOneStep: true)
      }
      // One file, whatever the journal of the original is.
      try destination.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA")
      try destination.execute(sql: "DELETE FROM artefacts WHERE promoted = 0")
    }
    try copy.close()
  }

  /// A step of its own holds the file's lock; SQLite begins anew when another connection has written between two.
  private func copyPages(to destination: Database, inOneStep: Bool) throws {
    var remaining = Int.max
    var restarts = 0
    try queue.writeWithoutTransaction { source in
      try source.backup(to: destination, pagesPerStep: inOneStep ? -1 : Self.pagesPerStep) { progress in
        if progress.remainingPageCount > remaining { restarts += 1 }
        remaining = progress.remainingPageCount
        if restarts > Self.restartsMax, !progress.isCompleted { throw TooManyRestarts() }
      }
    }
  }

  private struct TooManyRestarts: Error {}
}
