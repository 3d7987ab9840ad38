/** The way into the job core that every dialect takes. */
import { AppError } from "../errors.ts";
import type { InputFile, JobError, JobSpec } from "../jobs/job.ts";
import type { IdempotencyClaim } from "../jobs/ports.ts";
import { trackersOf } from "../objects/trackers.ts";
import type { ApiEnv } from "../workers/env.ts";

/**
 * @param terms as of `JobTracker.accept`
 * @throws AppError insufficient_credits, storage_unavailable; there is no job then
 */
export async function acceptJob(
  env: ApiEnv,
  job: JobSpec,
  terms: { idempotency?: IdempotencyClaim | null; urgent?: boolean } = {},
): Promise<void> {
  const { idempotency = null, urgent = false } = terms;
  const tracker = trackersOf(env.JOBS)(job.id);
  try {
    throwIfError(await tracker.accept(job, idempotency, urgent));
  } catch (error) {
    // It may have been accepted all the same; the client is told that it was not.
    await tracker.remove().catch((failure: unknown) => {
      console.error(`job ${job.id} was refused and could not be removed`, failure);
    });
    throw error;
  }
}

/**
 * Says that the file of an uploading job is there.
 * @param ttlHours how long the job is kept, counted from when it was made
 * @throws AppError insufficient_credits, storage_unavailable: it is uploading still; job_expired
 */
export async function confirmJob(
  env: ApiEnv,
  jobId: string,
  input: InputFile,
  ttlHours: number,
): Promise<void> {
  throwIfError(await trackersOf(env.JOBS)(jobId).confirm([input], ttlHours));
}

function throwIfError(error: JobError | null): void {
  if (error) throw new AppError(error.code, error.message);
}
