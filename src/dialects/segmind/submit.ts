/** From a request to an accepted job. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import { acceptJob } from "../../http/accept.ts";
import { decodeBase64 } from "../../http/base64.ts";
import type { HttpEnv } from "../../http/context.ts";
import { readJsonBody } from "../../http/json-body.ts";
import type { Awaited, InputFile, JobSpec } from "../../jobs/job.ts";
import { inputKey, jobPrefix } from "../../jobs/ports.ts";
import { createSpec } from "../../jobs/spec.ts";
import { MIB } from "../../limits.ts";
import { readUrlPolicy } from "../../remote/policy.ts";
import { checkUrl } from "../../remote/url.ts";
import { fileStore } from "../../stores/files.ts";
import { storeUpload } from "../../stores/inputs.ts";
import { readImageSource, readOutput } from "./request.ts";

/** Results are kept for 1 hour, as on the page. */
const TTL_HOURS = 1;

const MAX_IMAGE_BYTES = 20 * MIB;

/** The longest image in base64, with every slash and plus sign escaped (\/, \u002B), fits. */
const MAX_BODY_BYTES = 30 * MIB;

/** Outputs are named after it. */
const FILENAME = "image";

/**
 * The accepted job, whose id is that of the HTTP request. Nothing is left behind where it fails.
 * @param urgent whether the request waits for its end
 */
export async function submit(c: Context<HttpEnv>, urgent = false): Promise<JobSpec> {
  if (!isJson(c.req.header("Content-Type"))) {
    throw new AppError(
      "unsupported_media_type",
      "Content-Type is not acceptable: send application/json.",
    );
  }
  const making = makeJob(c, urgent);
  // A client that hangs up must not leave half an upload.
  c.executionCtx.waitUntil(making.catch(() => undefined));
  return await making;
}

const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? "");

async function makeJob(c: Context<HttpEnv>, urgent: boolean): Promise<JobSpec> {
  const id = c.get("requestId");
  const caller = c.get("caller");
  const files = fileStore(c.env.FILES);
  const maxFileBytes = Math.min(caller.plan.maxFileBytes, MAX_IMAGE_BYTES);
  const store = (base64: AsyncIterable<Uint8Array>): Promise<InputFile> =>
    storeUpload(
      files,
      inputKey(id, 0),
      { filename: FILENAME, chunks: decodeBase64(base64) },
      maxFileBytes,
    );
  try {
    const { members, taken } = await readJsonBody(c.req.raw.body, {
      maxBytes: MAX_BODY_BYTES,
      member: "image_url",
      take: store,
    });
    const output = readOutput(members["target_format"]);
    const image = taken ?? (await findImage(c, members["image_url"], store));
    const job = createSpec(caller, {
      id,
      dialect: "segmind",
      ttlHours: TTL_HOURS,
      output,
      limits: { maxFileBytes },
      ...("kind" in image ? { awaits: image } : { inputs: [image] }),
    });
    await acceptJob(c.env, job, { urgent });
    return job;
  } catch (error) {
    await files.removeAll(jobPrefix(id));
    throw error;
  }
}

/** The image that a short `image_url` holds, stored, or the URL that it is. */
async function findImage(
  c: Context<HttpEnv>,
  value: unknown,
  store: (base64: AsyncIterable<Uint8Array>) => Promise<InputFile>,
): Promise<InputFile | Awaited> {
  const source = readImageSource(value);
  if (source.kind === "base64") return await store(once(Buffer.from(source.text)));
  const policy = readUrlPolicy(c.env, c.req.url);
  return { kind: "url", url: checkUrl(source.url, policy).href, policy };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
