-- A registry of the second schema, with tokens and before there were rollouts: three versions of a model, two aliases with
-- their history, requests, a valid and a revoked token, and a run.
PRAGMA application_id = 1145261652;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1 models, versions, artefacts, aliases, runs');
INSERT INTO grdb_migrations VALUES('2 tokens');
CREATE TABLE models (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  next_version INTEGER NOT NULL DEFAULT 1,
  created_us INTEGER NOT NULL
) STRICT;
INSERT INTO models VALUES(1,'m',4,1700000002000000);
CREATE TABLE artefacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  bytes INTEGER NOT NULL CHECK (bytes > 0),
  promoted INTEGER NOT NULL CHECK (promoted IN (0, 1)),
  owner TEXT NOT NULL,
  touched_us INTEGER NOT NULL
) STRICT;
INSERT INTO artefacts VALUES(1,X'6e5619a40594f98289b380284560337d5e9235d3f4c836213951cdf83b0ceb5c',100,1,'',1700000002000000);
INSERT INTO artefacts VALUES(2,X'e3299f3e9755143831c9e0eb6296b752794d2de796e0c51919cfd4b1e2bfc29f',100,1,'',1700000003000000);
INSERT INTO artefacts VALUES(3,X'dbf09384d41a58bc6dbc579793c16d71f22d33c3a1d8910762ccdfa00729e671',100,1,'',1700000004000000);
CREATE TABLE artefact_chunks (
  id INTEGER PRIMARY KEY,
  artefact INTEGER NOT NULL REFERENCES artefacts (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (artefact, position)
) STRICT;
INSERT INTO artefact_chunks VALUES(1,1,0,X'853ce24f0bdc3b2d12e00def1baa3b38bec8f9c15f4cb227b7b70a2608f72b2aa0e859afc0b5edb15565188efc52186c6ffc31d252cf604bc607c104b647a37ed748f1221c70c075290a29eda6cc60e00f95091b8fc3a8af85fff7616f55f91208b49100');
INSERT INTO artefact_chunks VALUES(2,2,0,X'9e2254f1d3bb75dea357952ab10a5b55d79711e99e01ba400d6abe7f005afe8f762e3caac8ea31722aa8af371673c0595229ae6fb5f977f47b50301bf7c7a333d79997f1b0247e461f475c654f346d9d603f8e404e60a8e882d884dde1384a1748c9a707');
INSERT INTO artefact_chunks VALUES(3,3,0,X'b707c7949b9ab08f33cf1c66466a7b72f0652a11dcb6c259631e72d7f7bed1f44b741fa5d11e7533ffec45df3095684634572b0d19238f9d30989f333947a2e8d7ea3ec143d83c1715848edcf79c7a5ab0ea13650cfda9217fb1125a531a9b1c88debd0e');
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
INSERT INTO versions VALUES(1,1,1,1,'{"environment":"CartPole-v1"}',X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81','run-1','ppo',-1,51200,2,X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',X'202122232425262728292a2b2c2d2e2f',X'3031323334353637','ann',1700000002000000);
INSERT INTO versions VALUES(2,1,2,2,'{"environment":"CartPole-v1"}',X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81','run-1','ppo',-1,51200,2,X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',X'202122232425262728292a2b2c2d2e2f',X'3031323334353637','ben',1700000003000000);
INSERT INTO versions VALUES(3,1,3,3,'{"environment":"CartPole-v1"}',X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81','run-1','ppo',-1,51200,2,X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',X'202122232425262728292a2b2c2d2e2f',X'3031323334353637','ben',1700000004000000);
CREATE TABLE teacher_uses (
  version INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  teacher_model TEXT NOT NULL,
  teacher_version INTEGER NOT NULL,
  teacher_sha256 BLOB CHECK (length(teacher_sha256) = 32),
  queries INTEGER NOT NULL,
  PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;
INSERT INTO teacher_uses VALUES(2,0,'t',3,NULL,7);
CREATE TABLE aliases (
  model INTEGER NOT NULL REFERENCES models (id),
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (model, alias),
  FOREIGN KEY (model, version) REFERENCES versions (model, number)
) STRICT, WITHOUT ROWID;
INSERT INTO aliases VALUES(1,'stable',2);
INSERT INTO aliases VALUES(1,'canary',3);
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
INSERT INTO alias_changes VALUES(1,1,'stable',NULL,1,'ann',1700000002000000,'first version');
INSERT INTO alias_changes VALUES(2,1,'canary',NULL,3,'ben',1700000005000000,'looks better');
INSERT INTO alias_changes VALUES(3,1,'stable',1,2,'ann',1700000006000000,'is better');
CREATE TABLE requests (
  id TEXT PRIMARY KEY,
  asked TEXT NOT NULL,
  from_version INTEGER,
  to_version INTEGER,
  when_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO requests VALUES('request-1','publish m 6e5619a40594f98289b380284560337d5e9235d3f4c836213951cdf83b0ceb5c',NULL,1,1700000002000000);
INSERT INTO requests VALUES('request-2','publish m e3299f3e9755143831c9e0eb6296b752794d2de796e0c51919cfd4b1e2bfc29f',NULL,2,1700000003000000);
INSERT INTO requests VALUES('request-3','publish m dbf09384d41a58bc6dbc579793c16d71f22d33c3a1d8910762ccdfa00729e671',NULL,3,1700000004000000);
INSERT INTO requests VALUES('request-4','alias m stable 2',1,2,1700000006000000);
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
INSERT INTO runs VALUES('run-s44wei-2vmd3gee4jo2u','m','CartPole-v1','ppo',1,'{}',1700000010000000,1700000011000000,'finished','');
CREATE TABLE metrics (
  run TEXT NOT NULL REFERENCES runs (id),
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (run, name, step)
) STRICT, WITHOUT ROWID;
INSERT INTO metrics VALUES('run-s44wei-2vmd3gee4jo2u','return',1,20.499999999999999999);
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
) STRICT;
INSERT INTO tokens VALUES(1,'eueovfi6','walker',1,0,0,X'3b2454356a560bb473ac9f23b5dd0742a0393883edd5a26af423bb546c0754e1',500,1700000007000000,'ann',NULL,NULL);
INSERT INTO tokens VALUES(2,'2zo5mfge','gone',0,1,1,X'dd66fac9988013f9c54da7e3c23aa3ebd1e6550719ad2f0884f3cfa208d09b30',NULL,1700000008000000,'ann',1700000009000000,'ben');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('artefacts',3);
INSERT INTO sqlite_sequence VALUES('models',3);
INSERT INTO sqlite_sequence VALUES('versions',3);
INSERT INTO sqlite_sequence VALUES('alias_changes',3);
INSERT INTO sqlite_sequence VALUES('tokens',2);
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
CREATE UNIQUE INDEX tokens_name_once ON tokens (name) WHERE revoked_us IS NULL;
CREATE TRIGGER tokens_are_revoked_once BEFORE UPDATE ON tokens
WHEN OLD.revoked_us IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name
  OR NEW.query IS NOT OLD.query OR NEW.publish IS NOT OLD.publish OR NEW.operate IS NOT OLD.operate
  OR NEW.secret_sha256 IS NOT OLD.secret_sha256 OR NEW.rows_per_second IS NOT OLD.rows_per_second
  OR NEW.created_us IS NOT OLD.created_us OR NEW.created_by IS NOT OLD.created_by
BEGIN SELECT RAISE(ABORT, 'tokens do not change, but are revoked, once'); END;
CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens are never deleted'); END;
CREATE TRIGGER tokens_no_replace BEFORE INSERT ON tokens
WHEN EXISTS (
  SELECT 1 FROM tokens
  WHERE number = NEW.number OR id = NEW.id OR (name = NEW.name AND revoked_us IS NULL AND NEW.revoked_us IS NULL))
BEGIN SELECT RAISE(ABORT, 'tokens are never replaced'); END;
COMMIT;
