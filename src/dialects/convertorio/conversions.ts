/** From the request for an upload URL to the queued job. */
import type { Context } from "hono";
import { acceptJob, confirmJob } from "../../http/accept.ts";
import type { HttpEnv } from "../../http/context.ts";
import { AppError } from "../../errors.ts";
import { findJob } from "../../http/lookup.ts";
import { readJsonObject } from "../../http/small-body.ts";
import { signUpload } from "../../http/uploads.ts";
import type { Job } from "../../jobs/job.ts";
import { inputKey } from "../../jobs/ports.ts";
import { createSpec } from "../../jobs/spec.ts";
import { inspectUpload } from "../../stores/inputs.ts";
import {
  maxUploadBytes,
  readConfirmRequest,
  readUploadRequest,
  SHOWN_STATUSES,
} from "./request.ts";
import { toMemo } from "./response.ts";
import { UPLOAD_S } from "./schemas.ts";

/** One that nobody confirms is gone after an hour. */
const UNCONFIRMED_TTL_HOURS = 1;
const TTL_HOURS = 7 * 24;

/** @throws AppError not_found */
export function findCallersJob(c: Context<HttpEnv>, jobId: string): Promise<Job> {
  return findJob(c.env, c.get("caller").accountId, "convertorio", jobId.toLowerCase());
}

export async function requestUpload(c: Context<HttpEnv>): Promise<Response> {
  const request = readUploadRequest(await readJsonObject(c.req.raw));
  const caller = c.get("caller");
  const job = createSpec(caller, {
    id: crypto.randomUUID(),
    dialect: "convertorio",
    awaits: { kind: "upload" },
    ttlHours: UNCONFIRMED_TTL_HOURS,
    memo: toMemo(request),
    output: request.output,
    limits: { maxFileBytes: maxUploadBytes(request.fileSizeBytes, caller.plan) },
  });
  await acceptJob(c.env, job);
  const upload_url = await signUpload(c, job.id, UPLOAD_S);
  return c.json({ success: true, job_id: job.id, upload_url, expires_in: UPLOAD_S }, 200);
}

export async function confirmUpload(c: Context<HttpEnv>): Promise<Response> {
  const jobId = readConfirmRequest(await readJsonObject(c.req.raw));
  const job = await findCallersJob(c, jobId);
  if (job.status === "expired" && job.awaits !== null) {
    throw new AppError("job_expired", "This job has expired: its file was never confirmed.");
  }
  // Confirmed before: what it has become. One whose confirmation was cut short is uploading still.
  if (job.status !== "uploading") {
    const status = SHOWN_STATUSES[job.status];
    return c.json({ success: true, job_id: job.id, status, message: `Job is ${status}` }, 200);
  }
  const input = await inspectUpload(
    c.env.FILES,
    inputKey(job.id, 0),
    String(job.memo["filename"]),
    job.limits.maxFileBytes,
  );
  await confirmJob(c.env, job.id, input, TTL_HOURS);
  return c.json(
    { success: true, job_id: job.id, status: "queued", message: "Job queued for processing" },
    200,
  );
}
