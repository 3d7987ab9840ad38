/** Job records in D1. */
import { AppError } from "../errors.ts";
import { isFinal, type Charge, type Job, type JobSpec, type JobState } from "../jobs/job.ts";
import type { IdempotencyClaim, JobRecords } from "../jobs/ports.ts";
import { withoutSecrets } from "../jobs/spec.ts";
import { endHold, findHold, releaseHold, takeHold } from "./holds.ts";

/** How long the answer to an Idempotency-Key is kept. */
export const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;

export function jobRecords(db: D1Database): JobRecords {
  const ids = async (statement: D1PreparedStatement) => {
    const { results } = await guard(() => statement.all<{ id: string }>());
    return results.map(({ id }) => id);
  };
  const first = async (statement: D1PreparedStatement) => {
    const row = await guard(() => statement.first<JobRow>());
    return row && toJob(row);
  };
  return {
    find: (accountId, jobId) =>
      first(
        db
          .prepare("SELECT spec, state FROM jobs WHERE id = ? AND account_id = ?")
          .bind(jobId, accountId),
      ),

    load: (jobId) => first(db.prepare("SELECT spec, state FROM jobs WHERE id = ?").bind(jobId)),

    open: (spec, state, idempotency) => openJob(db, spec, state, idempotency),

    save: async (spec, state) => {
      const statements = [saveJob(db, spec, state)];
      if (isFinal(state.status)) statements.push(endHold(db, spec, state));
      await guard(() => db.batch(statements));
    },

    remove: async (jobId) => {
      const removal = db.prepare("DELETE FROM jobs WHERE id = ?").bind(jobId);
      await guard(() => db.batch([releaseHold(db, jobId), removal]));
    },

    list: async (accountId, { dialect, only, limit, offset }) => {
      const { results } = await guard(() =>
        db
          .prepare(
            `SELECT spec, state FROM jobs
             WHERE account_id = ?1 AND dialect = ?2 AND (
               ?3 IS NULL
               OR iif(expires_at <= ?4, 'expired', status) IN (SELECT value FROM json_each(?3))
               OR id IN (SELECT value FROM json_each(?5)))
             ORDER BY created_at DESC, rowid DESC LIMIT ?6 OFFSET ?7`,
          )
          .bind(
            accountId,
            dialect,
            only && JSON.stringify(only.statuses),
            Date.now(),
            JSON.stringify(only?.ids ?? []),
            limit,
            offset,
          )
          .all<JobRow>(),
      );
      return results.map(toJob);
    },

    listOverdue: (now, limit) =>
      ids(
        db
          .prepare(
            `SELECT id FROM jobs
             WHERE status IN ('uploading', 'queued', 'processing', 'succeeded', 'failed', 'canceled')
               AND expires_at < ? LIMIT ?`,
          )
          .bind(now, limit),
      ),

    listUnfinished: (createdBefore, limit) =>
      ids(
        db
          .prepare(
            `SELECT id FROM jobs WHERE status IN ('queued', 'processing') AND created_at < ?
             ORDER BY created_at LIMIT ?`,
          )
          .bind(createdBefore, limit),
      ),

    removeStaleKeys: async (now) => {
      await guard(() =>
        db.prepare("DELETE FROM idempotency_keys WHERE expires_at < ?").bind(now).run(),
      );
    },
  };
}

interface JobRow {
  spec: string;
  state: string;
}

/** A row's `spec` and `state` as a job, for queries that select more than one. */
export function toJob({ spec, state }: JobRow): Job {
  return { ...(JSON.parse(spec) as JobSpec), ...(JSON.parse(state) as JobState) };
}

/** One transaction: without the hold neither the record nor the key is written. */
async function openJob(
  db: D1Database,
  spec: JobSpec,
  state: JobState,
  idempotency: IdempotencyClaim | null,
): Promise<Charge | null> {
  if (state.status === "uploading") {
    await guard(() => db.batch([saveJob(db, spec, state)]));
    return null;
  }
  const statements = [takeHold(db, spec), saveJob(db, spec, state, IF_HELD), findHold(db, spec.id)];
  if (idempotency) statements.push(saveKey(db, spec, idempotency));
  const results = await guard(() => db.batch<Charge>(statements));
  const charge = results[2]?.results[0];
  if (!charge) {
    throw new AppError("insufficient_credits", "This account has no conversions left.");
  }
  return charge;
}

const IF_HELD = "WHERE EXISTS (SELECT 1 FROM holds WHERE job_id = ?1)";

function saveJob(
  db: D1Database,
  spec: JobSpec,
  state: JobState,
  condition = "WHERE TRUE",
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO jobs (id, account_id, dialect, operation, lane, status, input_bytes,
                         output_bytes, created_at, finished_at, expires_at, spec, state)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 ${condition}
       ON CONFLICT (id) DO UPDATE SET
         lane = ?5, status = ?6, input_bytes = ?7, output_bytes = ?8, finished_at = ?10,
         expires_at = ?11, spec = ?12, state = ?13
       WHERE jobs.status IN ('uploading', 'queued', 'processing') OR ?6 = 'expired'`,
    )
    .bind(
      spec.id,
      spec.accountId,
      spec.dialect,
      spec.operation,
      spec.lane,
      state.status,
      sumBytes(spec.inputs),
      sumBytes(state.outputs),
      spec.createdAt,
      state.finishedAt,
      spec.expiresAt,
      JSON.stringify(withoutSecrets(spec)),
      JSON.stringify(state),
    );
}

const sumBytes = (files: readonly { sizeBytes: number }[]): number =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** The first job of a key keeps it. */
function saveKey(db: D1Database, spec: JobSpec, claim: IdempotencyClaim): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO idempotency_keys (account_id, key, status, fingerprint, job_id, response,
                                     created_at, expires_at)
       SELECT ?1, ?2, 'done', ?3, ?4, ?5, ?6, ?7
       WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?4)
       ON CONFLICT (account_id, key) DO UPDATE SET
         status = 'done', fingerprint = ?3, job_id = ?4, response = ?5, expires_at = ?7
       WHERE idempotency_keys.status = 'pending'`,
    )
    .bind(
      claim.accountId,
      claim.key,
      claim.fingerprint,
      spec.id,
      claim.response,
      spec.createdAt,
      spec.createdAt + IDEMPOTENCY_TTL_MS,
    );
}

/** D1's errors as ours. */
async function guard<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    throw new AppError("storage_unavailable", "The database is not available.", {}, { cause });
  }
}
