/** The api Worker's work behind the scenes: its dead-letter queues and its cron. */
import { giveUpJobs } from "../jobs/dead-letters.ts";
import { sweepFiles, sweepJobs } from "../jobs/sweep.ts";
import { trackersOf } from "../objects/trackers.ts";
import { fileStore } from "../stores/files.ts";
import { jobRecords } from "../stores/jobs.ts";
import type { ApiEnv, JobMessage } from "./env.ts";

export async function handleDeadLetters(
  batch: MessageBatch<JobMessage>,
  env: ApiEnv,
): Promise<void> {
  await giveUpJobs(batch.messages, trackersOf(env.JOBS));
}

const DAY_MS = 24 * 3_600_000;

/** The cron comes every ten minutes; the first one of a day also goes through all files. */
const FILES_WINDOW_MS = 10 * 60_000;

/** @param now when the cron was due, in milliseconds since 1970 */
export async function sweep(env: ApiEnv, now: number): Promise<void> {
  const files = fileStore(env.FILES);
  await sweepJobs({ records: jobRecords(env.DB), files, trackerOf: trackersOf(env.JOBS) }, now);
  if (now % DAY_MS < FILES_WINDOW_MS) await sweepFiles(files, now);
}
