/** POST /v1/convert. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import { acceptJob } from "../../http/accept.ts";
import type { Caller, HttpEnv } from "../../http/context.ts";
import { fingerprint, readIdempotencyKey, runOnce } from "../../http/idempotency.ts";
import { readWaitS } from "../../http/prefer.ts";
import { missingFile, receive } from "../../http/receive.ts";
import { createJobId } from "../../jobs/ids.ts";
import { isFinal, type Awaited, type InputFile, type JobSpec } from "../../jobs/job.ts";
import { inputKey, jobPrefix } from "../../jobs/ports.ts";
import { createSpec } from "../../jobs/spec.ts";
import { trackersOf } from "../../objects/trackers.ts";
import type { Warning } from "../../pipeline/picture.ts";
import { readUrlPolicy } from "../../remote/policy.ts";
import { checkUrl, type UrlPolicy } from "../../remote/url.ts";
import { fileStore } from "../../stores/files.ts";
import { hashUpload, storeUpload } from "../../stores/inputs.ts";
import { findCallersJob } from "./jobs.ts";
import { findFormatMismatches, readConvertRequest, type ConvertOptions } from "./request.ts";
import { toJobBody, toJobPath, toQueuedBody } from "./response.ts";

const ROUTE = "POST /v1/convert";

export async function handleConvert(c: Context<HttpEnv>): Promise<Response> {
  const request = c.req.raw;
  const caller = c.get("caller");
  const key = readIdempotencyKey(request.headers);
  const outcome = runOnce(
    c.env.DB,
    { accountId: caller.accountId, key },
    () => makeJob(c.env, request, caller, key),
    () => identify(request, caller),
  );
  // A client that hangs up must not keep its key reserved, nor leave half an upload.
  c.executionCtx.waitUntil(outcome.catch(() => undefined));
  const result = await outcome;

  if ("response" in result) {
    c.header("Idempotency-Replayed", "true");
    if (result.jobId !== null) c.header("Location", toJobPath(result.jobId));
    return c.body(result.response, 202, { "Content-Type": "application/json" });
  }
  c.header("Location", toJobPath(result.id));
  const waitS = readWaitS(request.headers.get("Prefer"));
  if (waitS !== null) {
    c.header("Preference-Applied", `wait=${waitS}`);
    const state = await trackersOf(c.env.JOBS)(result.id).wait(waitS * 1000);
    if (state && isFinal(state.status)) {
      // What it fetched is known since it was accepted.
      const job = result.awaits ? await findCallersJob(c, result.id) : { ...result, ...state };
      return c.json(toJobBody(job), 200);
    }
  }
  return c.json(toQueuedBody(result), 202);
}

/** Stores the files and has the job accepted; leaves nothing behind when that fails. */
async function makeJob(
  env: HttpEnv["Bindings"],
  request: Request,
  caller: Caller,
  key: string | null,
): Promise<JobSpec> {
  const id = createJobId();
  const files = fileStore(env.FILES);
  try {
    const {
      options,
      files: inputs,
      warnings,
    } = await receive(request, {
      readOptions: readConvertRequest,
      takeFile: (upload, index) =>
        storeUpload(files, inputKey(id, index), upload, caller.plan.maxFileBytes),
    });
    const awaits = toAwaited(options, inputs, readUrlPolicy(env, request.url));
    const job = toJobSpec({ id, caller, options, inputs, awaits, warnings });
    const claim = key !== null && {
      accountId: caller.accountId,
      key,
      fingerprint: toFingerprint(
        options,
        inputs.map(({ sha256 }) => sha256 ?? ""),
      ),
      response: JSON.stringify(toQueuedBody(job)),
    };
    const urgent = readWaitS(request.headers.get("Prefer")) !== null;
    await acceptJob(env, job, { idempotency: claim || null, urgent });
    return job;
  } catch (error) {
    await files.removeAll(jobPrefix(id));
    throw error;
  }
}

const toFingerprint = (options: ConvertOptions, hashes: readonly string[]): string =>
  fingerprint(ROUTE, options.raw, hashes);

/** Reads a repeated request without storing anything. */
async function identify(request: Request, caller: Caller): Promise<string> {
  const { options, files } = await receive(request, {
    readOptions: readConvertRequest,
    takeFile: (upload) => hashUpload(upload, caller.plan.maxFileBytes),
  });
  return toFingerprint(options, files);
}

interface Accepted {
  id: string;
  caller: Caller;
  options: ConvertOptions;
  inputs: InputFile[];
  awaits: Awaited | null;
  warnings: Warning[];
}

/**
 * What the job must fetch; null where its files were uploaded.
 * @throws AppError missing_file, invalid_parameter, url_not_allowed
 */
function toAwaited(
  { inputUrl }: ConvertOptions,
  inputs: readonly InputFile[],
  policy: UrlPolicy,
): Awaited | null {
  if (inputUrl === null) {
    if (inputs.length > 0) return null;
    throw missingFile();
  }
  if (inputs.length > 0) {
    throw new AppError("invalid_parameter", "Send files or an `input_url`, not both.");
  }
  return { kind: "url", url: checkUrl(inputUrl, policy).href, policy };
}

function toJobSpec({ id, caller, options, inputs, awaits, warnings }: Accepted): JobSpec {
  const { maxTtlHours } = caller.plan;
  const ttlHours = Math.min(options.ttlHours ?? maxTtlHours, maxTtlHours);
  const clamped: Warning = {
    code: "ttl_clamped",
    message: `Files are kept for ${maxTtlHours} hours at most.`,
  };
  return createSpec(caller, {
    id,
    dialect: "imagehq",
    toolSlug: options.toolSlug,
    clientReferenceId: options.clientReferenceId,
    ttlHours,
    awaits,
    inputs,
    output: options.output,
    warnings: [
      ...options.warnings,
      ...warnings,
      ...((options.ttlHours ?? 0) > maxTtlHours ? [clamped] : []),
      ...findFormatMismatches(options.inputFormat, inputs),
    ],
  });
}
