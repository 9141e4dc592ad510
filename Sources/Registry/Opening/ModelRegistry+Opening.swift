import GRDB

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ModelRegistry {
  /// How long a call waits for another process's transaction.
  public static let busySeconds = 10.0

  /// Opens a registry.
  ///
  /// A file that is not a registry, or was written by a newer program, is refused and not changed; `.existing` and
  /// `.readOnly` never create a file. What a crashed process had staged is removed, except by `.readOnly`.
  ///
  /// - Parameter clock: microseconds since 1970-01-01 UTC, for the times of the records.
  /// - Throws: `RegistryError` `notFound`, `notARegistry`, `newer`, `corrupted`, `busy`, `inputOutput`.
  public static func open(
    path: String, mode: Mode, clock: @escaping @Sendable () -> Int64 = ModelRegistry.systemClock
  ) throws -> ModelRegistry {
    let absolute = RegistryFile.absolute(path)
    switch RegistryFile.inspect(absolute) {
    case .registry: break
    case .missing:
      guard mode == .create else {
        throw RegistryError(.notFound, "\(path): there is no registry here (no such file)")
      }
      try createFile(at: absolute)
    case .somethingElse(let what):
      throw RegistryError(.notARegistry, "\(path): this is \(what), expected a registry of models; it was not changed")
    case .unreadable(let why):
      throw RegistryError(.inputOutput, "\(path): cannot open the registry: \(why)")
    }
    do {
      let registry = ModelRegistry(
        path: path, mode: mode, queue: try connect(absolute, mode: mode, givenAs: path), clock: clock)
      if mode != .readOnly { try registry.removeLeftovers() }
      return registry
    } catch {
      throw RegistryError(translating: error, path: path)
    }
  }

  /// Makes an empty registry under another name, and gives it its name when it is complete: nobody ever sees half a
  /// registry, and of two processes that create it at once one finds the other's.
  private static func createFile(at path: String) throws {
    let temporary = "\(path).creating-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { unlink(temporary) }
    do {
      let queue = try DatabaseQueue(path: temporary, configuration: configuration(readOnly: false))
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = EXTRA")
        try db.execute(sql: "PRAGMA application_id = \(RegistryFile.applicationID)")
      }
      try Migrations.migrator.migrate(queue)
      try queue.close()
    } catch let error as DatabaseError {
      let why = error.resultCode == .SQLITE_CANTOPEN ? "no such folder, or it cannot be written" : "\(error)"
      throw RegistryError(.inputOutput, "\(path): cannot create the registry: \(why)", cause: error)
    }
    _ = try RegistryFile.link(temporary, to: path)
  }

  private static func connect(_ path: String, mode: Mode, givenAs given: String) throws -> DatabaseQueue {
    // To look at a registry whose last writer was killed, SQLite must first undo that writer's transaction, so a
    // connection that only reads still opens the file for writing where it may.
    let mayWrite = access(path, W_OK) == 0
    if mode != .readOnly, !mayWrite {
      throw RegistryError(.readOnly, "\(given): the registry's file cannot be written")
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: !mayWrite))
    try queue.writeWithoutTransaction { db in
      guard try !Migrations.migrator.hasBeenSuperseded(db) else {
        let known = Set(Migrations.migrator.migrations)
        let unknown = try Migrations.migrator.appliedIdentifiers(db).subtracting(known).sorted()
        throw RegistryError(
          .newer,
          "\(given): this registry was written by a newer program (its schema has '\(unknown.joined(separator: "', '"))', "
            + "this program knows up to '\(Migrations.migrator.migrations.last!)'); it was not changed")
      }
    }
    if mode == .readOnly {
      try queue.writeWithoutTransaction { db in
        guard try Migrations.migrator.hasCompletedMigrations(db) else {
          throw RegistryError(
            .conflict, "\(given): this registry has an older schema; open it once with a command that writes to it")
        }
        try db.execute(sql: "PRAGMA query_only = 1")
      }
      return queue
    }
    try queue.writeWithoutTransaction { db in try Durability.prepare(db, path: given) }
    try migrate(queue)
    return queue
  }

  /// Another process may be migrating the same registry: a failure counts only when nothing moved.
  private static func migrate(_ queue: DatabaseQueue) throws {
    while try queue.read({ db in try !Migrations.migrator.hasCompletedMigrations(db) }) {
      let before = try queue.read { db in try Migrations.migrator.appliedIdentifiers(db) }
      do {
        try Migrations.migrator.migrate(queue)
      } catch {
        let after = try queue.read { db in try Migrations.migrator.appliedIdentifiers(db) }
        if after == before { throw error }
      }
    }
  }

  static func configuration(readOnly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.busyMode = .timeout(busySeconds)
    configuration.label = "docent.registry"
    return configuration
  }
}
