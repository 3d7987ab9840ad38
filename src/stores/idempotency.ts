/**
 * Idempotency-Keys in D1. A request reserves its key before its files are read; accepting the job
 * stores the answer in the same batch as the job's row.
 */
import { IDEMPOTENCY_TTL_MS } from "./jobs.ts";

/** A reservation this old belongs to a request that died: no upload takes as long. */
const STALE_MS = 15 * 60 * 1000;

export type Reservation =
  /** The key is this request's: it runs, and releases the key when it fails. */
  | { kind: "reserved" }
  | { kind: "in_progress" }
  | { kind: "answered"; fingerprint: string; jobId: string | null; response: string };

interface Row {
  status: "pending" | "done";
  fingerprint: string | null;
  job_id: string | null;
  response: string | null;
}

/** One round trip, atomic: of several requests at once exactly one reserves the key. */
export async function reserveKey(
  db: D1Database,
  accountId: string,
  key: string,
  now: number,
): Promise<Reservation> {
  const [, inserted, selected] = await db.batch<Row>([
    db
      .prepare(
        `DELETE FROM idempotency_keys WHERE account_id = ? AND key = ?
            AND (expires_at <= ? OR (status = 'pending' AND created_at <= ?))`,
      )
      .bind(accountId, key, now, now - STALE_MS),
    db
      .prepare(
        `INSERT OR IGNORE INTO idempotency_keys (account_id, key, status, created_at, expires_at)
         VALUES (?, ?, 'pending', ?, ?)`,
      )
      .bind(accountId, key, now, now + IDEMPOTENCY_TTL_MS),
    db
      .prepare(
        `SELECT status, fingerprint, job_id, response FROM idempotency_keys
          WHERE account_id = ? AND key = ?`,
      )
      .bind(accountId, key),
  ]);
  if (inserted?.meta.changes === 1) return { kind: "reserved" };
  const row = selected?.results[0];
  if (row?.status !== "done" || row.fingerprint === null || row.response === null) {
    return { kind: "in_progress" };
  }
  return {
    kind: "answered",
    fingerprint: row.fingerprint,
    jobId: row.job_id,
    response: row.response,
  };
}

/** Lets the next request with this key run; an answer already given stays. */
export async function releaseKey(db: D1Database, accountId: string, key: string): Promise<void> {
  await db
    .prepare("DELETE FROM idempotency_keys WHERE account_id = ? AND key = ? AND status = 'pending'")
    .bind(accountId, key)
    .run();
}
