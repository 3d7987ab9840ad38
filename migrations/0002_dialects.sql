-- Accounts get a balance, keys get scopes, jobs may wait for an upload.

ALTER TABLE accounts ADD COLUMN points INTEGER NOT NULL DEFAULT 0 CHECK (points >= 0);
-- Free conversions used on `daily_day`, which counts days since 1970 (UTC).
ALTER TABLE accounts ADD COLUMN daily_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN daily_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN total_conversions INTEGER NOT NULL DEFAULT 0;

-- Words separated by spaces (src/scopes.ts); null allows everything.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;

-- What an account has put down for a job. A row is made with the job's record and ends with it.
CREATE TABLE holds (
  job_id      TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  day         INTEGER NOT NULL,
  conversions INTEGER NOT NULL,
  -- How many of them are the day's free ones, and points for the others.
  free        INTEGER NOT NULL,
  points      INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('held', 'settled', 'released'))
) STRICT;

-- The balance moves with the hold, in the same statement: never twice, whoever writes.
CREATE TRIGGER holds_taken AFTER INSERT ON holds
BEGIN
  UPDATE accounts SET
    points = points - NEW.points,
    daily_used = iif(daily_day = NEW.day, daily_used, 0) + NEW.free,
    daily_day = NEW.day
  WHERE id = NEW.account_id;
END;

CREATE TRIGGER holds_settled AFTER UPDATE OF state ON holds
  WHEN OLD.state = 'held' AND NEW.state = 'settled'
BEGIN
  UPDATE accounts SET
    points = points - (NEW.points - OLD.points),
    total_conversions = total_conversions + NEW.conversions
  WHERE id = NEW.account_id;
END;

CREATE TRIGGER holds_released AFTER UPDATE OF state ON holds
  WHEN OLD.state = 'held' AND NEW.state = 'released'
BEGIN
  UPDATE accounts SET
    points = points + OLD.points,
    daily_used = max(0, daily_used - iif(daily_day = OLD.day, OLD.free, 0))
  WHERE id = NEW.account_id;
END;

-- Secrets that the service makes for itself.
CREATE TABLE secrets (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- SQLite cannot change a CHECK: the table is made anew, with the status 'uploading'.
CREATE TABLE jobs_2 (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL,
  dialect      TEXT NOT NULL,
  operation    TEXT NOT NULL,
  lane         TEXT NOT NULL,
  status       TEXT NOT NULL
    CHECK (status IN
      ('uploading', 'queued', 'processing', 'succeeded', 'failed', 'canceled', 'expired')),
  input_bytes  INTEGER NOT NULL,
  output_bytes INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  finished_at  INTEGER,
  expires_at   INTEGER NOT NULL,
  -- JobSpec and JobState of src/jobs/job.ts, as JSON.
  spec         TEXT NOT NULL,
  state        TEXT NOT NULL
) STRICT;

INSERT INTO jobs_2 SELECT * FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_2 RENAME TO jobs;

CREATE INDEX jobs_by_account ON jobs (account_id, dialect, created_at DESC);
-- What the sweep looks for: rows past their time, and live ones that are old.
CREATE INDEX jobs_by_expiry ON jobs (status, expires_at);
CREATE INDEX jobs_by_age ON jobs (status, created_at);
