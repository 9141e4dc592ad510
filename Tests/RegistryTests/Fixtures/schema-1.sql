-- A registry of the first schema, before there were tokens: two versions of a model, two aliases and a run.
PRAGMA application_id = 1145261652;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1 models, versions, artefacts, aliases, runs');
CREATE TABLE models (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  next_version INTEGER NOT NULL DEFAULT 1,
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO models VALUES(1,'m',3,1700000000000000);
CREATE TABLE artefacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  bytes INTEGER NOT NULL CHECK (bytes > 0),
  promoted INTEGER NOT NULL CHECK (promoted IN (0, 1)),
  owner TEXT NOT NULL,
  touched_us INTEGER NOT NULL
) STRICT;
INSERT INTO artefacts VALUES(1,X'234267d5593999eb4ed4cc03cf2093a35e95651da3139be0d1c33cba3c819fc7',100,1,'',1700000000000000);
INSERT INTO artefacts VALUES(2,X'6e5619a40594f98289b380284560337d5e9235d3f4c836213951cdf83b0ceb5c',100,1,'',1700000000000000);
CREATE TABLE artefact_chunks (
  id INTEGER PRIMARY KEY,
  artefact INTEGER NOT NULL REFERENCES artefacts (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (artefact, position)
) STRICT;
INSERT INTO artefact_chunks VALUES(1,1,0,X'6c576fac43fd007c826886b3864a1b1ba5fae1992097aa0e620355cd119357c5cba276b4b881a9f0802181e6e230707f8dceb534efa548a210bf51ed74c7a3c9d6f84a5288bd02a432ccf775fe645423beea83f6d126a876892769e4fd73a80dc89f7af9');
INSERT INTO artefact_chunks VALUES(2,2,0,X'853ce24f0bdc3b2d12e00def1baa3b38bec8f9c15f4cb227b7b70a2608f72b2aa0e859afc0b5edb15565188efc52186c6ffc31d252cf604bc607c104b647a37ed748f1221c70c075290a29eda6cc60e00f95091b8fc3a8af85fff7616f55f91208b49100');
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
) STRICT;
INSERT INTO versions VALUES(1,1,1,1,'{"environment":"CartPole-v1"}',X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81','run-1','ppo',-1,51200,2,X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',X'202122232425262728292a2b2c2d2e2f',X'3031323334353637','ann',1700000000000000);
INSERT INTO versions VALUES(2,1,2,2,'{"environment":"CartPole-v1"}',X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81','run-1','ppo',-1,51200,2,X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',X'202122232425262728292a2b2c2d2e2f',X'3031323334353637','ben',1700000000000000);
CREATE TABLE teacher_uses (
  version INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  teacher_model TEXT NOT NULL,
  teacher_version INTEGER NOT NULL,
  teacher_sha256 BLOB CHECK (length(teacher_sha256) = 32),
  queries INTEGER NOT NULL,
  PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;
INSERT INTO teacher_uses VALUES(1,0,'t',3,NULL,7);
CREATE TABLE aliases (
  model INTEGER NOT NULL REFERENCES models (id),
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (model, alias),
  FOREIGN KEY (model, version) REFERENCES versions (model, number)
) STRICT, WITHOUT ROWID;
INSERT INTO aliases VALUES(1,'stable',1);
INSERT INTO aliases VALUES(1,'canary',2);
CREATE TABLE alias_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model INTEGER NOT NULL REFERENCES models (id),
  alias TEXT NOT NULL,
  from_version INTEGER,
  to_version INTEGER,
  who TEXT NOT NULL,
  when_us INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;
INSERT INTO alias_changes VALUES(1,1,'stable',NULL,1,'ann',1700000000000000,'first version');
INSERT INTO alias_changes VALUES(2,1,'canary',NULL,2,'ben',1700000000000000,'looks better');
CREATE TABLE requests (
  id TEXT PRIMARY KEY,
  asked TEXT NOT NULL,
  from_version INTEGER,
  to_version INTEGER,
  when_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO requests VALUES('request-1','publish m 234267d5593999eb4ed4cc03cf2093a35e95651da3139be0d1c33cba3c819fc7',NULL,1,1700000000000000);
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
) STRICT;
INSERT INTO runs VALUES('run-s44we8-3aiq4k9gjitg5','m','CartPole-v1','ppo',1,'{}',1700000000000000,1700000000000000,'finished','');
CREATE TABLE metrics (
  run TEXT NOT NULL REFERENCES runs (id),
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (run, name, step)
) STRICT, WITHOUT ROWID;
INSERT INTO metrics VALUES('run-s44we8-3aiq4k9gjitg5','return',1,20.499999999999999999);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('artefacts',2);
INSERT INTO sqlite_sequence VALUES('models',2);
INSERT INTO sqlite_sequence VALUES('versions',2);
INSERT INTO sqlite_sequence VALUES('alias_changes',2);
CREATE TRIGGER models_next_version_grows BEFORE UPDATE OF next_version ON models
WHEN NEW.next_version < OLD.next_version
BEGIN SELECT RAISE(ABORT, 'version numbers are never reused'); END;
CREATE UNIQUE INDEX artefacts_promoted_once ON artefacts (sha256) WHERE promoted = 1;
CREATE INDEX artefacts_staged ON artefacts (touched_us) WHERE promoted = 0;
CREATE INDEX versions_artefact ON versions (artefact);
CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON versions
BEGIN SELECT RAISE(ABORT, 'versions are immutable'); END;
CREATE TRIGGER teacher_uses_are_immutable BEFORE UPDATE ON teacher_uses
BEGIN SELECT RAISE(ABORT, 'lineage is immutable'); END;
CREATE INDEX aliases_version ON aliases (model, version);
CREATE INDEX alias_changes_model ON alias_changes (model, id);
CREATE TRIGGER alias_changes_no_update BEFORE UPDATE ON alias_changes
BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END;
CREATE TRIGGER alias_changes_no_delete BEFORE DELETE ON alias_changes
BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END;
CREATE TRIGGER alias_changes_no_replace BEFORE INSERT ON alias_changes
WHEN EXISTS (SELECT 1 FROM alias_changes WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the history of aliases is append-only'); END;
CREATE INDEX runs_started ON runs (started_us);
COMMIT;
