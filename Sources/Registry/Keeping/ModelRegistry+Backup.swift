import GRDB

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ModelRegistry {
  /// Copies the registry, as it is at one moment, to a new file, while others use it. On return the copy is durable; it
  /// is a registry like any other. The name is given when the copy is complete: nobody ever sees half of one.
  ///
  /// The copy is made by a connection of its own (SQLite's backup interface), in one step: where the journal is no
  /// write-ahead log, others' writes wait meanwhile. (In several steps it would begin anew with every write, and end
  /// late or never beside a service that writes each second.)
  ///
  /// - Parameter path: where nothing is yet, in a folder that is there, with room for the registry and its journal.
  /// - Throws: `conflict` where there is something at `path`, `diskFull`, `inputOutput`, `corrupted`, `busy`. There is
  ///   no file at `path` then that was not there before.
  public func backup(to path: String) throws {
    let target = RegistryFile.absolute(path)
    try Self.requireNothing(at: target, givenAs: path)
    let temporary = "\(target).copying-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(temporary + suffix) } }
    do {
      let copy = try DatabaseQueue(path: temporary, configuration: Self.configuration(readOnly: false))
      try copy.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = EXTRA") }
      let source = RegistryFile.absolute(self.path)
      try DatabaseQueue(path: source, configuration: Self.configuration(readOnly: access(source, W_OK) != 0))
        .backup(to: copy)
      try copy.close()
      try RegistryFile.synchronize(temporary)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
      throw RegistryError(
        .inputOutput, "\(path): cannot make the copy of \(self.path): no such folder, or it cannot be written",
        cause: error)
    } catch {
      throw RegistryError(translating: error, path: path)
    }
    // Nothing is replaced, though something may have come to be there meanwhile.
    guard try RegistryFile.link(temporary, to: target) else { throw Self.occupied(path) }
  }

  private static func requireNothing(at path: String, givenAs given: String) throws {
    var status = stat()
    guard lstat(path, &status) != 0 else { throw occupied(given) }
  }

  private static func occupied(_ path: String) -> RegistryError {
    RegistryError(.conflict, "\(path): there is something here already; expected the name of a new file")
  }
}
