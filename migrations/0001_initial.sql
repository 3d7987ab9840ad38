-- Times are milliseconds since 1970. Live jobs change in their Durable Object; a row is written
-- when a job is accepted and again when it ends.

CREATE TABLE accounts (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  email        TEXT,
  plan         TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  suspended_at INTEGER
) STRICT;

CREATE TABLE api_keys (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  name         TEXT NOT NULL,
  -- The first characters of the key, for telling keys apart in a list.
  prefix       TEXT NOT NULL,
  -- Lower-case hex of the key's SHA-256; the key itself is stored nowhere.
  hash         TEXT NOT NULL UNIQUE,
  created_at   INTEGER NOT NULL,
  revoked_at   INTEGER,
  last_used_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_account ON api_keys (account_id);

CREATE TABLE jobs (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL,
  dialect      TEXT NOT NULL,
  operation    TEXT NOT NULL,
  lane         TEXT NOT NULL,
  status       TEXT NOT NULL
    CHECK (status IN ('queued', 'processing', 'succeeded', 'failed', 'canceled', 'expired')),
  input_bytes  INTEGER NOT NULL,
  output_bytes INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  finished_at  INTEGER,
  expires_at   INTEGER NOT NULL,
  -- JobSpec and JobState of src/jobs/job.ts, as JSON.
  spec         TEXT NOT NULL,
  state        TEXT NOT NULL
) STRICT;

CREATE INDEX jobs_by_account ON jobs (account_id, created_at DESC);
-- What the sweep looks for: rows past their time, and live ones that are old.
CREATE INDEX jobs_by_expiry ON jobs (status, expires_at);
CREATE INDEX jobs_by_age ON jobs (status, created_at);

-- A request claims its key with a 'pending' row, before its files are read; accepting the job
-- makes it 'done', with the answer to give again. A pending row whose request died is claimed anew.
CREATE TABLE idempotency_keys (
  account_id  TEXT NOT NULL,
  key         TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('pending', 'done')),
  -- Of route, canonical request and the files' hashes; null while pending.
  fingerprint TEXT,
  job_id      TEXT,
  -- The body of the answer, null while pending.
  response    TEXT,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
