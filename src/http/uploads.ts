/**
 * Files that clients bring by a signed URL: one file, once, for one job. Where credentials of R2's
 * S3 API are configured the URL is R2's own, and size and single use are only checked when the
 * client says that the file is there (stores/inputs.ts).
 */
import type { Context } from "hono";
import { AppError } from "../errors.ts";
import type { JobSpec } from "../jobs/job.ts";
import { inputKey, jobPrefix } from "../jobs/ports.ts";
import { fileStore } from "../stores/files.ts";
import { limitBytes } from "../stores/inputs.ts";
import { jobRecords } from "../stores/jobs.ts";
import { presignPut } from "../stores/presign.ts";
import { readChunks } from "./body-window.ts";
import type { HttpEnv } from "./context.ts";
import type { App } from "./dialect.ts";
import { signLink, verifyLink } from "./links.ts";
import { toPresent } from "./lookup.ts";

/** An upload that holds the job for longer than this has died. */
const STALE_MS = 5 * 60_000;

/** @param validS seconds from now */
export async function signUpload(
  c: Context<HttpEnv>,
  jobId: string,
  validS: number,
): Promise<string> {
  const presigned = await presignPut(c.env, inputKey(jobId, 0), validS);
  return presigned ?? signLink(c, `/uploads/${jobId}`, Date.now() + validS * 1000);
}

export function registerUploads(app: App): void {
  app.put("/uploads/:job", async (c) => {
    await verifyLink(c);
    const record = await jobRecords(c.env.DB).load(c.req.param("job"));
    const job = record && (await toPresent(c.env, record));
    if (!job) throw new AppError("not_found", "There is no such job.");
    if (job.status === "expired") throw new AppError("job_expired", "This job has expired.");
    if (job.status !== "uploading") throw repeated();
    const storing = storeOnce(c.env.FILES, job, c.req.raw);
    // A client that hangs up must not leave the job held.
    c.executionCtx.waitUntil(storing.catch(() => undefined));
    await storing;
    return c.body(null, 200);
  });
}

const repeated = (): AppError =>
  new AppError("upload_repeated", "The file of this job has been uploaded already.");

/** @throws AppError upload_repeated, file_too_large, empty_file */
async function storeOnce(bucket: R2Bucket, job: JobSpec, request: Request): Promise<void> {
  const key = inputKey(job.id, 0);
  // A body without length may be empty, too; that shows only at its end.
  if (!request.body || request.headers.get("Content-Length") === "0") throw empty();
  const chunks = limitBytes(readChunks(request.body), job.limits.maxFileBytes);
  const hold = await takeHold(bucket, `${jobPrefix(job.id)}upload`);
  try {
    if (await bucket.head(key)) throw repeated();
    const { sizeBytes } = await fileStore(bucket).write(key, chunks, "application/octet-stream");
    if (sizeBytes === 0) {
      await bucket.delete(key);
      throw empty();
    }
  } finally {
    await hold.release();
  }
}

const empty = (): AppError => new AppError("empty_file", "The file is empty.");

/** Of several uploads at once one goes on: R2 decides whose marker is the first. */
async function takeHold(bucket: R2Bucket, key: string): Promise<{ release(): Promise<void> }> {
  const stored = await bucket.head(key);
  if (stored && Date.now() - stored.uploaded.getTime() > STALE_MS) await bucket.delete(key);
  const marker = await bucket.put(key, "", { onlyIf: { etagDoesNotMatch: "*" } });
  if (!marker) throw repeated();
  return { release: () => bucket.delete(key) };
}
