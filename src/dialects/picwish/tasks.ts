/** Creating tasks, and showing what became of them. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import { acceptJob } from "../../http/accept.ts";
import type { HttpEnv } from "../../http/context.ts";
import { signDownload } from "../../http/files.ts";
import { findJob } from "../../http/lookup.ts";
import { isFinal, type Job, type JobSpec } from "../../jobs/job.ts";
import { begin } from "../../jobs/lifecycle.ts";
import { inputKey, jobPrefix } from "../../jobs/ports.ts";
import { flatPrice } from "../../jobs/price.ts";
import { createSpec } from "../../jobs/spec.ts";
import { MIB } from "../../limits.ts";
import { trackersOf } from "../../objects/trackers.ts";
import type { Plan } from "../../plans.ts";
import { readUrlPolicy } from "../../remote/policy.ts";
import { fileStore } from "../../stores/files.ts";
import { storeUpload } from "../../stores/inputs.ts";
import { sendBase64 } from "./send-base64.ts";
import { receive, type Received } from "./receive.ts";
import { readCompressRequest, requireTargetable, type CompressRequest } from "./request.ts";
import { aroundImage, returnTypeOf, toTask, toTaskBody, WAITED_IN_VAIN } from "./response.ts";

type TaskContext = Context<HttpEnv>;

const MAX_FILE_BYTES = 20 * MIB;
const MAX_SIDE = 8000;
/** A longer side costs a second credit. */
const ONE_CREDIT_PX = 4096;
const TTL_HOURS = 1;
const SYNC_WAIT_MS = 30_000;

const maxFileBytesOf = (plan: Plan): number => Math.min(plan.maxFileBytes, MAX_FILE_BYTES);

export async function createTask(c: TaskContext): Promise<Response> {
  const accepting = acceptTask(c);
  // A client that hangs up must not leave half an upload.
  c.executionCtx.waitUntil(accepting.catch(() => undefined));
  const { job, sync } = await accepting;
  const accepted: Job = { ...job, ...begin(job, job.createdAt).state };
  if (!sync) return c.json(toTaskBody(toTask(accepted)), 200);
  const state = await trackersOf(c.env.JOBS)(job.id).wait(SYNC_WAIT_MS);
  const waited: Job = { ...accepted, ...state };
  if (isFinal(waited.status)) return showTask(c, waited);
  return c.json(toTaskBody(toTask(waited, "", WAITED_IN_VAIN)), 200);
}

/** @throws AppError not_found, also for a task that has expired */
export async function queryTask(c: TaskContext, taskId: string): Promise<Response> {
  const job = await findJob(c.env, c.get("caller").accountId, "picwish", taskId);
  if (job.status === "expired") throw new AppError("not_found", "This task has expired.");
  return showTask(c, job);
}

async function showTask(c: TaskContext, job: Job): Promise<Response> {
  const [output] = job.outputs;
  if (job.status !== "succeeded" || !output) return c.json(toTaskBody(toTask(job)), 200);
  if (returnTypeOf(job) === 2) return sendBase64(c.env.FILES, output, aroundImage(job));
  return c.json(toTaskBody(toTask(job, await signDownload(c, job, output))), 200);
}

/** Stores the file and has the job accepted; leaves nothing behind when that fails. */
async function acceptTask(c: TaskContext): Promise<{ job: JobSpec; sync: boolean }> {
  const id = crypto.randomUUID();
  const files = fileStore(c.env.FILES);
  const maxBytes = maxFileBytesOf(c.get("caller").plan);
  try {
    const received = await receive(c.req.raw, (upload) =>
      storeUpload(files, inputKey(id, 0), upload, maxBytes, "keep"),
    );
    const request = readCompressRequest(received.fields);
    const job = toJobSpec(c, id, request, received);
    await acceptJob(c.env, job, { urgent: request.sync });
    return { job, sync: request.sync };
  } catch (error) {
    await files.removeAll(jobPrefix(id));
    throw error;
  }
}

/** @throws AppError missing_file, invalid_parameter */
function toJobSpec(
  c: TaskContext,
  id: string,
  { imageUrl, returnType, targetsSize, output }: CompressRequest,
  { file }: Received,
): JobSpec {
  const caller = c.get("caller");
  if (file && imageUrl !== null) {
    throw new AppError("invalid_parameter", "Send either `image_file` or `image_url`, not both.");
  }
  if (!file && imageUrl === null) {
    throw new AppError("missing_file", "Send an image as `image_file` or `image_url`.");
  }
  // A PNG stays one where no other format is asked for.
  if (targetsSize && output.format === "auto" && file) requireTargetable(file.format);
  return createSpec(caller, {
    id,
    dialect: "picwish",
    memo: { returnType },
    ttlHours: TTL_HOURS,
    inputs: file ? [file] : [],
    ...(imageUrl !== null && {
      awaits: { kind: "url", url: imageUrl, policy: readUrlPolicy(c.env, c.req.url) },
    }),
    output,
    price: { ...flatPrice(1, caller.plan.freeConversionsPerDay), extraPointAbovePx: ONE_CREDIT_PX },
    limits: { maxSide: MAX_SIDE, maxFileBytes: maxFileBytesOf(caller.plan) },
  });
}
