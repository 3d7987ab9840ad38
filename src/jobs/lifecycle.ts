/**
 * The life of a job as pure functions: each takes the run so far and returns the next one, or null
 * where the event does not apply (a lost lease, an ended job). Whoever calls them persists the
 * result before anything else, and then does the chores.
 */
import {
  isFinal,
  type Charge,
  type JobError,
  type JobSpec,
  type JobState,
  type JobStatus,
} from "./job.ts";
import type { Completion } from "./ports.ts";
import { LEASE_MS, maxAttempts, resendDelayMs, retryDelayMs, SAFETY_NET_MS } from "./schedule.ts";

/**
 * What remains to be done outside: `fetch` stores the input that a URL names, `dispatch` sends the
 * message, `record` brings the database in line, `files` removes what nobody may see any more. All
 * can be done twice without harm.
 */
export const CHORES = ["fetch", "dispatch", "record", "files"] as const;
export type Chore = (typeof CHORES)[number];

export interface Due {
  at: number;
  /** Times it was tried. */
  tries: number;
}

export interface Run {
  state: JobState;
  /** The last one handed out, 0 before the first. Only its holder may change the job. */
  attempt: number;
  /** Attempts that ended in a retryable error or in silence. */
  failures: number;
  /** Null while nobody works on it. */
  leaseUntil: number | null;
  chores: Record<Chore, Due | null>;
  /** The client deleted it: it is forgotten as soon as the chores are done. */
  removed: boolean;
}

const NONE: Run["chores"] = { fetch: null, dispatch: null, record: null, files: null };

/** Chores are done right after the run is stored; this is for when that is cut short. */
const soon = (now: number): Due => ({ at: now + SAFETY_NET_MS, tries: 0 });

export function begin(spec: JobSpec, now: number, charge: Charge | null = null): Run {
  const { awaits } = spec;
  return {
    state: {
      status: awaits?.kind === "upload" ? "uploading" : "queued",
      progress: 0,
      warnings: spec.warnings,
      outputs: [],
      error: null,
      startedAt: null,
      finishedAt: null,
      charge,
    },
    attempt: 0,
    failures: 0,
    leaseUntil: null,
    chores: {
      fetch: awaits?.kind === "url" ? soon(now) : null,
      dispatch: awaits ? null : soon(now),
      record: null,
      files: null,
    },
    removed: false,
  };
}

/** The client has stored the file of an uploading job, and its record says so. */
export function confirm(run: Run, charge: Charge | null, now: number): Run | null {
  if (run.state.status !== "uploading") return null;
  return {
    ...run,
    state: { ...run.state, status: "queued", charge },
    chores: { ...run.chores, dispatch: soon(now) },
  };
}

/** The input that a URL names is stored. */
export function fetched(run: Run, now: number): Run | null {
  if (run.chores.fetch === null) return null;
  const chores = { ...run.chores, fetch: null, dispatch: soon(now), record: soon(now) };
  return { ...run, chores };
}

/** Whether there is something for a consumer to work on. */
const isReady = ({ state, chores }: Run): boolean =>
  !isFinal(state.status) && state.status !== "uploading" && chores.fetch === null;

export function isLeased(run: Run, now: number): boolean {
  return run.leaseUntil !== null && run.leaseUntil > now;
}

/** Whether nothing remains to be done and nothing to be known: the tracker may forget the job. */
export function isForgettable(run: Run): boolean {
  const ended = run.removed || run.state.status === "expired";
  return ended && CHORES.every((chore) => run.chores[chore] === null);
}

/** Hands out a lease. The caller has seen to a lapsed one. */
export function claim(run: Run, now: number): Run | null {
  if (!isReady(run) || isLeased(run, now)) return null;
  return {
    ...run,
    state: { ...run.state, status: "processing", progress: 0, startedAt: now },
    attempt: run.attempt + 1,
    leaseUntil: now + LEASE_MS,
    chores: { ...run.chores, dispatch: null },
  };
}

/** A lease that has run out still counts as long as nobody has noticed. */
const holdsLease = (run: Run, attempt: number): boolean =>
  run.attempt === attempt && run.leaseUntil !== null;

/** Renews the lease. Progress never falls within an attempt. */
export function report(run: Run, attempt: number, progress: number, now: number): Run | null {
  if (!holdsLease(run, attempt)) return null;
  // 100 is for the job that has ended.
  const capped = Math.min(Math.max(run.state.progress, Math.floor(progress)), 99);
  return { ...run, state: { ...run.state, progress: capped }, leaseUntil: now + LEASE_MS };
}

export function complete(
  run: Run,
  attempt: number,
  { outputs, warnings }: Completion,
  now: number,
): Run | null {
  if (!holdsLease(run, attempt)) return null;
  const ended = end(run, "succeeded", now);
  return {
    ...ended,
    state: {
      ...ended.state,
      progress: 100,
      outputs,
      warnings: [...run.state.warnings, ...warnings],
    },
    // Only earlier attempts can have left something.
    chores: { ...ended.chores, files: attempt > 1 ? soon(now) : null },
  };
}

/** A retryable error queues the job again after a pause, as often as its code allows. */
export function fail(
  run: Run,
  attempt: number,
  error: JobError,
  retryable: boolean,
  now: number,
): Run | null {
  if (!holdsLease(run, attempt)) return null;
  if (!retryable) return failFor(run, error, now);
  return retryOrFail(run, error, (failures) => now + retryDelayMs(failures), now);
}

/** The holder went silent. Another one may start at once. */
export function lapse(run: Run, now: number): Run {
  if (run.leaseUntil === null || isLeased(run, now)) return run;
  const error: JobError = { code: "timed_out", message: "The conversion did not finish in time." };
  return retryOrFail(run, error, () => now, now);
}

function retryOrFail(
  run: Run,
  error: JobError,
  dispatchAt: (failures: number) => number,
  now: number,
): Run {
  const failures = run.failures + 1;
  if (failures >= maxAttempts(error.code)) return failFor({ ...run, failures }, error, now);
  return {
    ...run,
    state: { ...run.state, status: "queued", progress: 0 },
    failures,
    leaseUntil: null,
    chores: { ...run.chores, dispatch: { at: dispatchAt(failures), tries: 0 } },
  };
}

/** Fails a job that cannot be started and that nobody works on. */
export function giveUp(run: Run, error: JobError, now: number): Run | null {
  if (isFinal(run.state.status) || isLeased(run, now)) return null;
  return failFor(run, error, now);
}

export function cancel(run: Run, now: number): Run | null {
  return isFinal(run.state.status) ? null : end(run, "canceled", now);
}

/** The end of every job, final ones included: its files go, its record stays. */
export function expire(run: Run, now: number): Run {
  if (run.state.status === "expired") return run;
  const ended = end(run, "expired", now);
  return {
    ...ended,
    state: {
      ...ended.state,
      outputs: [],
      finishedAt: run.state.finishedAt ?? now,
    },
    chores: { ...NONE, record: soon(now), files: soon(now) },
  };
}

/** Files and record go. */
export function remove(run: Run, now: number): Run {
  const ended = cancel(run, now) ?? run;
  return {
    ...ended,
    removed: true,
    chores: { ...NONE, record: soon(now), files: soon(now) },
  };
}

function failFor(run: Run, error: JobError, now: number): Run {
  const ended = end(run, "failed", now);
  return { ...ended, state: { ...ended.state, error } };
}

function end(run: Run, status: JobStatus, now: number): Run {
  return {
    ...run,
    state: { ...run.state, status, finishedAt: now },
    leaseUntil: null,
    chores: { ...NONE, record: soon(now), files: run.attempt > 0 ? soon(now) : null },
  };
}

/** A chore was done. `due` is what it was done for: what has come up since stays. */
export function finishChore(run: Run, chore: Chore, due: Due, now: number): Run {
  if (run.chores[chore] !== due) return run;
  const tries = due.tries + 1;
  // A message can get lost: it is sent again until somebody claims the job.
  const next = chore === "dispatch" ? { at: now + resendDelayMs(tries), tries } : null;
  return { ...run, chores: { ...run.chores, [chore]: next } };
}

export function postponeChore(run: Run, chore: Chore, due: Due, now: number): Run {
  if (run.chores[chore] !== due) return run;
  const tries = due.tries + 1;
  return { ...run, chores: { ...run.chores, [chore]: { at: now + retryDelayMs(tries), tries } } };
}
