import GRDB

/// The registry's schema, as the migrations that lead to it.
///
/// A migration that has shipped is never edited: a change of the schema is a new migration after the last. Registries
/// with a migration that is not listed here are refused as newer than the program.
enum Migrations {
  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 models, versions, artefacts, aliases, runs") { db in
      for statement in firstSchema { try db.execute(sql: statement) }
    }
    migrator.registerMigration("2 tokens") { db in
      for statement in tokenSchema { try db.execute(sql: statement) }
    }
    migrator.registerMigration("3 rollouts") { db in
      for statement in rolloutSchema { try db.execute(sql: statement) }
    }
    return migrator
  }()

  private static let firstSchema = [
    // MARK: Models and artefacts
    // `next_version` only grows, and does not look at the versions that exist: a deleted number stays used.
    """
    CREATE TABLE models (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      next_version INTEGER NOT NULL DEFAULT 1,
      created_us INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TRIGGER models_next_version_grows BEFORE UPDATE OF next_version ON models
    WHEN NEW.next_version < OLD.next_version
    BEGIN SELECT RAISE(ABORT, 'version numbers are never reused'); END
    """,
    // `promoted` is 0 while an artefact's chunks arrive. `owner` and `touched_us` tell a stage that is still being
    // filled from one whose process has gone.
    """
    CREATE TABLE artefacts (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
      bytes INTEGER NOT NULL CHECK (bytes > 0),
      promoted INTEGER NOT NULL CHECK (promoted IN (0, 1)),
      owner TEXT NOT NULL,
      touched_us INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX artefacts_promoted_once ON artefacts (sha256) WHERE promoted = 1",
    "CREATE INDEX artefacts_staged ON artefacts (touched_us) WHERE promoted = 0",
    """
    CREATE TABLE artefact_chunks (
      id INTEGER PRIMARY KEY,
      artefact INTEGER NOT NULL REFERENCES artefacts (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      data BLOB NOT NULL,
      UNIQUE (artefact, position)
    ) STRICT
    """,

    // MARK: Versions
    """
    CREATE TABLE versions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      model INTEGER NOT NULL REFERENCES models (id),
      number INTEGER NOT NULL CHECK (number > 0),
      artefact INTEGER NOT NULL REFERENCES artefacts (id),
      architecture TEXT NOT NULL CHECK (json_valid(architecture)),
      fingerprint BLOB CHECK (length(fingerprint) = 32),
      run TEXT,
      algorithm TEXT,
      seed INTEGER,
      environment_steps INTEGER,
      golden_rows INTEGER,
      golden_observations BLOB,
      golden_outputs BLOB,
      golden_values BLOB,
      who TEXT NOT NULL,
      created_us INTEGER NOT NULL,
      UNIQUE (model, number)
    ) STRICT
    """,
    "CREATE INDEX versions_artefact ON versions (artefact)",
    """
    CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON versions
    BEGIN SELECT RAISE(ABORT, 'versions are immutable'); END
    """,
    """
    CREATE TABLE teacher_uses (
      version INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      teacher_model TEXT NOT NULL,
      teacher_version INTEGER NOT NULL,
      teacher_sha256 BLOB CHECK (length(teacher_sha256) = 32),
      queries INTEGER NOT NULL,
      PRIMARY KEY (version, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER teacher_uses_are_immutable BEFORE UPDATE ON teacher_uses
    BEGIN SELECT RAISE(ABORT, 'lineage is immutable'); END
    """,

    // MARK: Aliases
    """
    CREATE TABLE aliases (
      model INTEGER NOT NULL REFERENCES models (id),
      alias TEXT NOT NULL,
      version INTEGER NOT NULL,
      PRIMARY KEY (model, alias),
      FOREIGN KEY (model, version) REFERENCES versions (model, number)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX aliases_version ON aliases (model, version)",
    // Numbers, not references: history outlives the versions that it speaks of.
    """
    CREATE TABLE alias_changes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      model INTEGER NOT NULL REFERENCES models (id),
      alias TEXT NOT NULL,
      from_version INTEGER,
      to_version INTEGER,
      who TEXT NOT NULL,
      when_us INTEGER NOT NULL,
      why TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX alias_changes_model ON alias_changes (model, id)",
    """
    CREATE TRIGGER alias_changes_no_update BEFORE UPDATE ON alias_changes
    BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END
    """,
    """
    CREATE TRIGGER alias_changes_no_delete BEFORE DELETE ON alias_changes
    BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END
    """,
    // INSERT OR REPLACE deletes without firing the trigger above.
    """
    CREATE TRIGGER alias_changes_no_replace BEFORE INSERT ON alias_changes
    WHEN EXISTS (SELECT 1 FROM alias_changes WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END
    """,

    // MARK: Requests
    // `asked` is what the request was, so that an id used for something else is refused rather than answered.
    """
    CREATE TABLE requests (
      id TEXT PRIMARY KEY,
      asked TEXT NOT NULL,
      from_version INTEGER,
      to_version INTEGER,
      when_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,

    // MARK: Runs
    """
    CREATE TABLE runs (
      id TEXT PRIMARY KEY,
      model TEXT NOT NULL,
      environment TEXT NOT NULL,
      algorithm TEXT NOT NULL,
      seed INTEGER NOT NULL,
      hyper_parameters TEXT NOT NULL CHECK (json_valid(hyper_parameters)),
      started_us INTEGER NOT NULL,
      finished_us INTEGER,
      state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'cancelled')),
      note TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX runs_started ON runs (started_us)",
    // SQLite keeps NaN as NULL.
    """
    CREATE TABLE metrics (
      run TEXT NOT NULL REFERENCES runs (id),
      name TEXT NOT NULL,
      step INTEGER NOT NULL,
      value REAL,
      PRIMARY KEY (run, name, step)
    ) STRICT, WITHOUT ROWID
    """,
  ]

  // A token is made and revoked, and stays as the record of who was given what. A name is free again when its token has
  // been revoked.
  private static let tokenSchema = [
    """
    CREATE TABLE tokens (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      query INTEGER NOT NULL CHECK (query IN (0, 1)),
      publish INTEGER NOT NULL CHECK (publish IN (0, 1)),
      operate INTEGER NOT NULL CHECK (operate IN (0, 1)),
      secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
      rows_per_second INTEGER CHECK (rows_per_second > 0),
      created_us INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      revoked_us INTEGER,
      revoked_by TEXT,
      CHECK (query + publish + operate > 0),
      CHECK ((revoked_us IS NULL) = (revoked_by IS NULL))
    ) STRICT
    """,
    "CREATE UNIQUE INDEX tokens_name_once ON tokens (name) WHERE revoked_us IS NULL",
    """
    CREATE TRIGGER tokens_are_revoked_once BEFORE UPDATE ON tokens
    WHEN OLD.revoked_us IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name
      OR NEW.query IS NOT OLD.query OR NEW.publish IS NOT OLD.publish OR NEW.operate IS NOT OLD.operate
      OR NEW.secret_sha256 IS NOT OLD.secret_sha256 OR NEW.rows_per_second IS NOT OLD.rows_per_second
      OR NEW.created_us IS NOT OLD.created_us OR NEW.created_by IS NOT OLD.created_by
    BEGIN SELECT RAISE(ABORT, 'tokens do not change, but are revoked, once'); END
    """,
    """
    CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
    BEGIN SELECT RAISE(ABORT, 'tokens are never deleted'); END
    """,
    // INSERT OR REPLACE deletes without firing the trigger above.
    """
    CREATE TRIGGER tokens_no_replace BEFORE INSERT ON tokens
    WHEN EXISTS (
      SELECT 1 FROM tokens
      WHERE number = NEW.number OR id = NEW.id OR (name = NEW.name AND revoked_us IS NULL AND NEW.revoked_us IS NULL))
    BEGIN SELECT RAISE(ABORT, 'tokens are never replaced'); END
    """,
  ]
}
