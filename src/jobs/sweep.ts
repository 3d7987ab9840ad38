/**
 * The cron's work: what alarms should have done. Each job looks after itself (objects/), so that
 * this finds something only where an alarm or a whole object's storage was lost.
 */
import { isFinal, MAX_TTL_HOURS } from "./job.ts";
import { begin, expire } from "./lifecycle.ts";
import {
  jobPrefix,
  JOBS_PREFIX,
  type FileStore,
  type JobRecords,
  type JobTracker,
} from "./ports.ts";

export interface SweepPorts {
  records: JobRecords;
  files: FileStore;
  trackerOf(jobId: string): JobTracker;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An alarm is on time; one this late is not coming. */
const LATE_MS = 5 * MINUTE_MS;

/** A job that has not ended after this long is looked at. */
const UNFINISHED_MS = 15 * MINUTE_MS;

/** Jobs looked at in one sweep, of each sort; the next sweep goes on. */
const LIMIT = 200;

/** One that fails does not keep the others from being looked at. */
export async function sweepJobs(ports: SweepPorts, now: number): Promise<void> {
  const { records } = ports;
  for (const id of await records.listOverdue(now - LATE_MS, LIMIT)) {
    await attempt(id, () => expireJob(ports, id, now));
  }
  for (const id of await records.listUnfinished(now - UNFINISHED_MS, LIMIT)) {
    await attempt(id, () => checkJob(ports, id));
  }
  await records.removeStaleKeys(now);
}

/**
 * Removes files that are older than any job can be: uploads of requests that died before there was
 * a job. Looks at every stored file, so run it rarely.
 */
export async function sweepFiles(files: FileStore, now: number): Promise<void> {
  await files.removeOlder(JOBS_PREFIX, now - MAX_TTL_HOURS * HOUR_MS - HOUR_MS);
}

async function attempt(jobId: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    console.error(`sweep of job ${jobId} failed, the next one tries again`, error);
  }
}

async function expireJob(ports: SweepPorts, jobId: string, now: number): Promise<void> {
  const { records, files, trackerOf } = ports;
  await trackerOf(jobId).checkUp();
  const job = await records.load(jobId);
  if (!job || job.status === "expired") return;
  await files.removeAll(jobPrefix(jobId));
  const { state } = expire({ ...begin(job, now), state: job }, now);
  await records.save(job, state);
}

async function checkJob({ records, trackerOf }: SweepPorts, jobId: string): Promise<void> {
  const tracker = trackerOf(jobId);
  const state = await tracker.checkUp();
  if (state && !isFinal(state.status)) return;
  const job = await records.load(jobId);
  if (!job) return;
  if (state) await records.save(job, state);
  // Its tracker has lost all memory of it: from the start, then.
  else await tracker.accept(job, null);
}
