/** POST /v1/image-converter: the image in the answer to the request. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import type { HttpEnv } from "../../http/context.ts";
import { signDownload } from "../../http/files.ts";
import { isFinal, type Job, type JobSpec, type OutputFile } from "../../jobs/job.ts";
import { trackersOf } from "../../objects/trackers.ts";
import { findAccount } from "../../stores/accounts.ts";
import { prefersJson } from "./request.ts";
import { COST_CREDITS, generationTimeOf, toCredits, toMetrics, toResult } from "./response.ts";
import { submit } from "./submit.ts";

const WAIT_MS = 60_000;

export async function handleConvert(c: Context<HttpEnv>): Promise<Response> {
  const spec = await submit(c, true);
  // The balance has been moved when the job was accepted; it is read while the job runs.
  const [job, account] = await Promise.all([
    waitForEnd(c, spec),
    findAccount(c.env.DB, spec.accountId),
  ]);
  const [output] = job.outputs;
  if (job.status !== "succeeded" || !output) {
    const { code, message } = job.error ?? { code: "internal", message: "There is no result." };
    throw new AppError(code, message);
  }
  const credits = toCredits(account, c.get("caller").plan);
  c.header("X-Remaining-Credits", String(credits));
  c.header("X-Cost", String(COST_CREDITS));
  c.header("X-Credits-Consumed", String(COST_CREDITS));
  c.header("X-Generation-Time", String(generationTimeOf(job)));
  c.header("Vary", "Accept", { append: true });
  if (!prefersJson(c.req.header("Accept"), output.mimeType)) return await sendImage(c, output);
  const url = await signDownload(c, job, output);
  return c.json({ image: url, ...toResult(job, output, url, toMetrics(job, credits)) }, 200);
}

/** @throws AppError timed_out, and then the job is canceled: nobody would fetch what it makes */
async function waitForEnd(c: Context<HttpEnv>, spec: JobSpec): Promise<Job> {
  const tracker = trackersOf(c.env.JOBS)(spec.id);
  const state = await tracker.wait(WAIT_MS);
  if (state && isFinal(state.status)) return { ...spec, ...state };
  await tracker.cancel();
  throw new AppError("timed_out", "The request timed out.");
}

async function sendImage(
  c: Context<HttpEnv>,
  { key, mimeType, sizeBytes }: OutputFile,
): Promise<Response> {
  const object = await c.env.FILES.get(key);
  if (!object) throw new AppError("storage_unavailable", "The result cannot be read.");
  return c.body(object.body, 200, {
    "Content-Type": mimeType,
    "Content-Length": String(sizeBytes),
  });
}
