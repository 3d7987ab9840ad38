/** What can be done with a job once there is one. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import type { HttpEnv } from "../../http/context.ts";
import { sendFile, sendZip } from "../../http/download.ts";
import { findJob } from "../../http/lookup.ts";
import { isFinal, type Job } from "../../jobs/job.ts";
import { trackersOf } from "../../objects/trackers.ts";

type JobContext = Context<HttpEnv>;

/** @throws AppError not_found */
export function findCallersJob(c: JobContext, jobId: string): Promise<Job> {
  return findJob(c.env, c.get("caller").accountId, "imagehq", jobId);
}

const expired = (): AppError =>
  new AppError("job_expired", "This job has expired and its files are gone.");

/** @returns the job, canceled; canceling it again changes nothing */
export async function cancelJob(c: JobContext, jobId: string): Promise<Job> {
  const before = await findCallersJob(c, jobId);
  if (before.status === "canceled") return before;
  const canceled = !isFinal(before.status) && (await trackersOf(c.env.JOBS)(jobId).cancel());
  const job = await findCallersJob(c, jobId);
  if (!canceled && job.status !== "canceled") {
    throw new AppError("job_already_ended", "This job has already ended.", {
      job_status: job.status,
    });
  }
  return job;
}

export async function removeJob(c: JobContext, jobId: string): Promise<Response> {
  await findCallersJob(c, jobId);
  await trackersOf(c.env.JOBS)(jobId).remove();
  return c.body(null, 204);
}

export async function sendEvents(c: JobContext, jobId: string): Promise<Response> {
  const job = await findCallersJob(c, jobId);
  if (job.status === "expired") throw expired();
  const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  return c.body(await trackersOf(c.env.JOBS)(jobId).events(), 200, headers);
}

/** @param output which one; without it the only one, or all in a ZIP */
export async function sendOutputs(
  c: JobContext,
  jobId: string,
  output: string | undefined,
): Promise<Response> {
  const job = await findCallersJob(c, jobId);
  if (job.status === "expired") throw expired();
  if (!isFinal(job.status)) throw new AppError("job_not_finished", "This job is not finished yet.");
  if (job.status !== "succeeded") {
    throw new AppError("job_not_successful", "This job has no outputs.", {
      job_status: job.status,
      error: job.error,
    });
  }
  const chosen = output === undefined ? job.outputs : job.outputs.filter(({ id }) => id === output);
  const [first, ...others] = chosen;
  if (!first) throw new AppError("not_found", "This job has no such output.");
  if (others.length === 0) return sendFile(c.req.raw, c.env.FILES, first);
  return sendZip(c.req.raw, c.env.FILES, {
    name: `${job.id}.zip`,
    files: chosen,
    modifiedAt: job.finishedAt ?? job.createdAt,
  });
}
