import GRDB

/// How a connection makes transactions durable before they are acknowledged.
enum Durability {
  /// SQLite before 3.51.3 (3.50.7 and 3.44.6 in their branches) may corrupt a database in WAL mode when one connection
  /// resets the log while another checkpoints (sqlite.org/wal.html, "The WAL-reset bug").
  static func allowsWriteAheadLog(sqliteVersion version: Int) -> Bool {
    switch version {
    case 3_051_003...: true
    case 3_050_007..<3_051_000: true
    case 3_044_006..<3_045_000: true
    default: false
    }
  }

  /// The number that `sqlite3_libversion_number` gives: 3.40.1 is 3040001.
  static func versionNumber(_ text: String) -> Int {
    let parts = text.split(separator: ".").compactMap { Int($0) }
    guard parts.count >= 3 else { return 0 }
    return parts[0] * 1_000_000 + parts[1] * 1000 + parts[2]
  }

  /// A fixed SQLite gets a write-ahead log with `synchronous=FULL`. Any other gets a rollback journal with
  /// `synchronous=EXTRA`, which is FULL and also syncs the folder after the journal is deleted: without it, a loss of
  /// power may bring back the journal, and so undo a transaction that was acknowledged.
  static func prepare(_ db: Database, path: String) throws {
    let version = try versionNumber(String.fetchOne(db, sql: "SELECT sqlite_version()") ?? "")
    let wanted = allowsWriteAheadLog(sqliteVersion: version) ? "wal" : "delete"
    let current = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
    if current != wanted {
      let now = try String.fetchOne(db, sql: "PRAGMA journal_mode = \(wanted)") ?? ""
      guard now == wanted else {
        throw RegistryError(
          .busy,
          "\(path): the registry is open in another program with journal mode '\(now)'; expected '\(wanted)', "
            + "which is the safe one with this program's SQLite")
      }
    }
    try db.execute(sql: "PRAGMA synchronous = \(wanted == "wal" ? "FULL" : "EXTRA")")
  }
}
