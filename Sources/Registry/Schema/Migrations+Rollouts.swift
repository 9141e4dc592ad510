extension Migrations {
  /// Rollouts with their events, the versions that were withdrawn, and who controls what.
  static let rolloutSchema = [
    // MARK: Rollouts
    // `number` gives the order in which they began; `id` is random, and seeds the choice of episodes. Candidate and
    // baseline are numbers, not references: a rollout that has ended outlives its versions.
    """
    CREATE TABLE rollouts (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
      model INTEGER NOT NULL REFERENCES models (id),
      candidate INTEGER NOT NULL,
      baseline INTEGER NOT NULL CHECK (baseline <> candidate),
      plan TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'watching', 'completed', 'aborted', 'rolled back')),
      step INTEGER NOT NULL CHECK (step >= 0),
      weight_percent REAL NOT NULL CHECK (weight_percent BETWEEN 0 AND 100),
      step_started_us INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      evidence TEXT CHECK (evidence IS NULL OR json_valid(evidence)),
      reason TEXT NOT NULL,
      who TEXT NOT NULL,
      created_us INTEGER NOT NULL,
      ended_us INTEGER,
      CHECK ((ended_us IS NULL) = (state IN ('running', 'paused', 'watching'))),
      CHECK (ended_us IS NULL OR weight_percent = 0)
    ) STRICT
    """,
    "CREATE UNIQUE INDEX rollouts_active_once ON rollouts (model) WHERE ended_us IS NULL",
    "CREATE INDEX rollouts_model ON rollouts (model, number)",
    """
    CREATE TRIGGER rollouts_end_once BEFORE UPDATE ON rollouts
    WHEN OLD.ended_us IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.id IS NOT OLD.id OR NEW.model IS NOT OLD.model
      OR NEW.candidate IS NOT OLD.candidate OR NEW.baseline IS NOT OLD.baseline OR NEW.plan IS NOT OLD.plan
      OR NEW.created_us IS NOT OLD.created_us OR NEW.revision < OLD.revision
    BEGIN SELECT RAISE(ABORT, 'a rollout keeps what it began with, and ends once'); END
    """,
    """
    CREATE TRIGGER rollouts_no_delete BEFORE DELETE ON rollouts
    BEGIN SELECT RAISE(ABORT, 'rollouts are never deleted'); END
    """,
    // INSERT OR REPLACE deletes without firing the trigger above.
    """
    CREATE TRIGGER rollouts_no_replace BEFORE INSERT ON rollouts
    WHEN EXISTS (
      SELECT 1 FROM rollouts
      WHERE number = NEW.number OR id = NEW.id
        OR (model = NEW.model AND ended_us IS NULL AND NEW.ended_us IS NULL))
    BEGIN SELECT RAISE(ABORT, 'rollouts are never replaced, and a model has one at a time'); END
    """,
    """
    CREATE TRIGGER versions_in_rollouts_stay BEFORE DELETE ON versions
    WHEN EXISTS (
      SELECT 1 FROM rollouts
      WHERE model = OLD.model AND ended_us IS NULL AND OLD.number IN (candidate, baseline))
    BEGIN SELECT RAISE(ABORT, 'an active rollout needs this version'); END
    """,

    // MARK: Their events
    """
    CREATE TABLE rollout_events (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      rollout INTEGER NOT NULL REFERENCES rollouts (number),
      kind TEXT NOT NULL,
      step INTEGER NOT NULL,
      weight_percent REAL NOT NULL,
      who TEXT NOT NULL,
      when_us INTEGER NOT NULL,
      reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX rollout_events_rollout ON rollout_events (rollout, id)",
    """
    CREATE TRIGGER rollout_events_no_update BEFORE UPDATE ON rollout_events
    BEGIN SELECT RAISE(ABORT, 'the history of rollouts is append-only'); END
    """,
    """
    CREATE TRIGGER rollout_events_no_delete BEFORE DELETE ON rollout_events
    BEGIN SELECT RAISE(ABORT, 'the history of rollouts is append-only'); END
    """,
    """
    CREATE TRIGGER rollout_events_no_replace BEFORE INSERT ON rollout_events
    WHEN EXISTS (SELECT 1 FROM rollout_events WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the history of rollouts is append-only'); END
    """,

    // MARK: Withdrawn versions
    """
    CREATE TABLE withdrawn_versions (
      model INTEGER NOT NULL,
      version INTEGER NOT NULL,
      when_us INTEGER NOT NULL,
      PRIMARY KEY (model, version),
      FOREIGN KEY (model, version) REFERENCES versions (model, number) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID
    """,

    // MARK: Owners
    // A fence outlives the owner that it was given to: the next owner's is greater.
    """
    CREATE TABLE owners (
      name TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      fence INTEGER NOT NULL CHECK (fence > 0),
      expires_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER owners_fences_grow BEFORE UPDATE ON owners
    WHEN NEW.name IS NOT OLD.name OR NEW.fence < OLD.fence OR (NEW.owner IS NOT OLD.owner AND NEW.fence = OLD.fence)
    BEGIN SELECT RAISE(ABORT, 'every new owner has a greater fence'); END
    """,
    """
    CREATE TRIGGER owners_no_delete BEFORE DELETE ON owners
    BEGIN SELECT RAISE(ABORT, 'a fence is never given twice'); END
    """,

    // MARK: Requests
    // What a request was answered with, where that is more than two versions: JSON. (Older SQLites answer 0, not NULL,
    // to json_valid(NULL).)
    "ALTER TABLE requests ADD COLUMN answer TEXT CHECK (answer IS NULL OR json_valid(answer))",
  ]
}
