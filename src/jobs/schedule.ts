/** When things happen to a job: every duration of its life, and the one alarm that serves them all. */
import type { ErrorCode } from "../errors.ts";
import type { JobSpec } from "./job.ts";
import type { Run } from "./lifecycle.ts";

const SECOND = 1000;

/**
 * How long a consumer may be silent. It reports every few seconds, but a codec that works without
 * a pause (20 s at worst) cannot.
 */
export const LEASE_MS = 45 * SECOND;

/**
 * A lease with less than this left is renewed in storage; before that a renewal is only
 * remembered, since every write costs.
 */
export const RENEW_BELOW_MS = 30 * SECOND;

/** Work done at once is also put on the alarm's list, this far ahead, in case it is cut short. */
export const SAFETY_NET_MS = 20 * SECOND;

/** Attempts at one job before a retryable error becomes final. */
const MAX_ATTEMPTS = 5;

const ATTEMPTS: Partial<Record<ErrorCode, number>> = {
  // An unexplained error is rarely gone the third time, and a client waits meanwhile.
  internal: 3,
  // Nothing is wrong with the job: it only waits for room.
  busy: 30,
};

export const maxAttempts = (code: ErrorCode): number => ATTEMPTS[code] ?? MAX_ATTEMPTS;

const RETRY_MS = [1, 5, 25, 60].map((seconds) => seconds * SECOND);
const RESEND_MS = [20, 40, 60].map((seconds) => seconds * SECOND);

const step = (table: readonly number[], index: number): number =>
  table[Math.min(Math.max(index, 0), table.length - 1)] ?? 0;

/** The pause before the next attempt, or the next try at a chore, after `failures` (1 or more). */
export const retryDelayMs = (failures: number): number => step(RETRY_MS, failures - 1);

/** How long a sent message may go unclaimed until it is sent again; `sent` counts those sent. */
export const resendDelayMs = (sent: number): number => step(RESEND_MS, sent - 1);

/** Whether a chore that keeps failing is worth another try. */
export const mayTryAgain = (due: { tries: number } | null): boolean =>
  due !== null && due.tries + 1 < MAX_ATTEMPTS;

/** When the job's alarm is due next, in milliseconds since 1970. */
export function nextAlarm(spec: Pick<JobSpec, "expiresAt">, run: Run): number {
  const times = Object.values(run.chores).flatMap((due) => (due ? [due.at] : []));
  if (run.leaseUntil !== null) times.push(run.leaseUntil);
  if (run.state.status !== "expired") times.push(spec.expiresAt);
  // An ended job without chores is forgotten and needs no alarm; expiresAt is then only a fallback.
  return times.length > 0 ? Math.min(...times) : spec.expiresAt;
}
