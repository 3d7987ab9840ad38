/**
 * What accounts have put down for their jobs, as statements for the transactions of stores/jobs.ts.
 * Balances are moved by triggers on the `holds` table (migrations/), each exactly once: a hold is
 * taken once a job, and ends once.
 */
import type { JobSpec, JobState } from "../jobs/job.ts";
import { pointsTaken } from "../jobs/price.ts";

/** More than anybody converts in a day. */
const NO_LIMIT = 2 ** 31;

/** The day that free conversions are counted by: days since 1970, UTC. */
export const toDay = (ms: number): number => Math.floor(ms / 86_400_000);

/** Inserts nothing where the account cannot pay, or has paid for this job. */
export function takeHold(db: D1Database, { id, accountId, price }: JobSpec): D1PreparedStatement {
  const now = Date.now();
  return db
    .prepare(
      `INSERT OR IGNORE INTO holds (job_id, account_id, day, conversions, free, points, state)
       SELECT ?1, id, ?3, ?4, free, ?4 - free, 'held'
         FROM (SELECT id, points,
                      min(?4, max(0, ?5 - iif(daily_day = ?3, daily_used, 0))) AS free
                 FROM accounts WHERE id = ?2)
        WHERE ?4 - free <= points`,
    )
    .bind(id, accountId, toDay(now), price.conversions, price.freePerDay ?? NO_LIMIT);
}

/** Answers a Charge, or no row. */
export function findHold(db: D1Database, jobId: string): D1PreparedStatement {
  return db.prepare("SELECT free, points FROM holds WHERE job_id = ?").bind(jobId);
}

/** Takes what is held where the job has succeeded, else gives it back. */
export function endHold(db: D1Database, spec: JobSpec, state: JobState): D1PreparedStatement {
  if (state.status !== "succeeded") return releaseHold(db, spec.id);
  const extra = pointsTaken(spec, state) - (state.charge?.points ?? 0);
  return db
    .prepare(
      `UPDATE holds SET state = 'settled',
         points = points + min(?2, (SELECT points FROM accounts WHERE id = account_id))
       WHERE job_id = ?1 AND state = 'held'`,
    )
    .bind(spec.id, extra);
}

export function releaseHold(db: D1Database, jobId: string): D1PreparedStatement {
  return db
    .prepare("UPDATE holds SET state = 'released' WHERE job_id = ? AND state = 'held'")
    .bind(jobId);
}
