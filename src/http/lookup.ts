/** Jobs as they are now. */
import { AppError } from "../errors.ts";
import { isFinal, type DialectName, type Job } from "../jobs/job.ts";
import { trackersOf } from "../objects/trackers.ts";
import { jobRecords } from "../stores/jobs.ts";
import type { ApiEnv } from "../workers/env.ts";

/**
 * The account's job as it is now: from its tracker while it lives, then from its record.
 * @param dialect that made it; a job of another one is unknown
 * @throws AppError not_found, which also hides the jobs of others
 */
export async function findJob(
  env: ApiEnv,
  accountId: string,
  dialect: DialectName,
  jobId: string,
): Promise<Job> {
  const record = await jobRecords(env.DB).find(accountId, jobId);
  if (record?.dialect !== dialect) throw new AppError("not_found", "There is no such job.");
  return toPresent(env, record);
}

/** What a record has become since it was written. */
export async function toPresent(env: ApiEnv, record: Job): Promise<Job> {
  const live = isFinal(record.status) ? null : await trackersOf(env.JOBS)(record.id).state();
  const job = live ? { ...record, ...live } : record;
  // The files may go any moment now, whatever the record still says.
  return Date.now() >= job.expiresAt ? { ...job, status: "expired", outputs: [] } : job;
}
