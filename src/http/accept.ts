/** The way into the job core that every dialect takes. */
import { AppError } from "../errors.ts";
import type { JobError, JobSpec } from "../jobs/job.ts";
import type { IdempotencyClaim } from "../jobs/ports.ts";
import { trackersOf } from "../objects/trackers.ts";
import type { ApiEnv } from "../workers/env.ts";

/** @throws AppError insufficient_credits, storage_unavailable; there is no job then */
export async function acceptJob(
  env: ApiEnv,
  job: JobSpec,
  idempotency: IdempotencyClaim | null = null,
): Promise<void> {
  const tracker = trackersOf(env.JOBS)(job.id);
  try {
    throwIfError(await tracker.accept(job, idempotency));
  } catch (error) {
    // It may have been accepted all the same; the client is told that it was not.
    await tracker.remove();
    throw error;
  }
}

/**
 * Says that the file of an uploading job is there.
 * @throws AppError insufficient_credits, job_expired, storage_unavailable; it is uploading still
 */
export async function confirmJob(env: ApiEnv, job: JobSpec): Promise<void> {
  throwIfError(await trackersOf(env.JOBS)(job.id).confirm(job));
}

function throwIfError(error: JobError | null): void {
  if (error) throw new AppError(error.code, error.message);
}
