/** A client of the native API: sends a file, follows its job, fetches the result. */
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { basename } from "node:path";
import { Readable, Transform } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { JobStatus } from "../jobs/job.ts";

const RECONNECT_MS = 500;

export interface Service {
  url: string;
  key: string;
  signal: AbortSignal;
}

/** What is read of the native job. */
export interface RemoteJob {
  id: string;
  status: JobStatus;
  progress: number;
  download_url?: string;
  /** `page` where the input has several. */
  outputs?: { id: string; page?: number }[];
  error?: { code: string; message: string };
  warnings?: { code: string; message: string }[];
}

/** What the service refused, by its code and message. */
export class ServiceError extends Error {}

type OnProgress = (fraction: number) => void;

/**
 * Streams the file up as a raw body.
 * @param output the members of the native request's `output`
 * @throws ServiceError when it is refused
 */
export async function submitFile(
  service: Service,
  file: string,
  output: Record<string, unknown>,
  onProgress: OnProgress,
): Promise<RemoteJob> {
  const { size } = await stat(file);
  const url = new URL("/v1/convert", service.url);
  url.searchParams.set("request", JSON.stringify({ output }));
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  // Not fetch: it would send a stream without its length.
  const request = send(url.href, {
    method: "POST",
    signal: service.signal,
    headers: {
      ...authorize(service),
      "Content-Type": "application/octet-stream",
      "Content-Length": size,
      "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(basename(file))}`,
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  // A refusal may come before the body is through, which then breaks: the answer counts.
  const sent = pipeline(createReadStream(file), countBytes(size, onProgress), request);
  sent.catch(() => undefined);
  const response = await answered;
  const body = (await json(response)) as unknown;
  if (response.statusCode !== 202) throw toServiceError(response.statusCode ?? 0, body);
  return body as RemoteJob;
}

/**
 * Follows the job's events until it has ended. Events may break off; the job itself says whether
 * it has ended.
 */
export async function followJob(
  service: Service,
  id: string,
  onState: (job: Pick<RemoteJob, "status" | "progress">) => void,
): Promise<RemoteJob> {
  for (;;) {
    const events = await call(service, `/v1/jobs/${id}/events`);
    try {
      for await (const line of createInterface(toNodeStream(events))) {
        if (line.startsWith("data:")) onState(JSON.parse(line.slice(5)) as RemoteJob);
      }
    } catch {
      await delay(RECONNECT_MS, undefined, { signal: service.signal });
    }
    const job = (await (await call(service, `/v1/jobs/${id}`)).json()) as RemoteJob;
    if (job.status !== "queued" && job.status !== "processing") return job;
  }
}

/** Streams a download into a new file. */
export async function downloadFile(
  service: Service,
  path: string,
  file: string,
  onProgress: OnProgress,
): Promise<void> {
  const response = await call(service, path);
  const size = Number(response.headers.get("content-length"));
  await pipeline(
    toNodeStream(response),
    countBytes(size, onProgress),
    createWriteStream(file, { flags: "wx" }),
    { signal: service.signal },
  );
}

export async function cancelJob(service: Omit<Service, "signal">, id: string): Promise<void> {
  await fetch(new URL(`/v1/jobs/${id}/cancel`, service.url), {
    method: "POST",
    headers: authorize(service),
  });
}

const authorize = ({ key }: { key: string }) => ({ Authorization: `Bearer ${key}` });

/** @throws ServiceError for any status but 2xx */
async function call(service: Service, path: string): Promise<Response> {
  const response = await fetch(new URL(path, service.url), {
    headers: authorize(service),
    signal: service.signal,
  });
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw toServiceError(response.status, body);
}

/** Problem details: `detail`, the members at fault, `code`. */
function toServiceError(status: number, body: unknown): ServiceError {
  const problem = (body ?? {}) as {
    code?: string;
    detail?: string;
    errors?: { pointer: string; detail: string }[];
  };
  const members = (problem.errors ?? []).map(({ pointer, detail }) => ` ${pointer}: ${detail}`);
  const text = problem.detail ?? `The service answered with status ${status}.`;
  return new ServiceError(`${text}${members.join("")} (${problem.code ?? status})`);
}

function toNodeStream(response: Response): Readable {
  return Readable.from(response.body ?? [], { objectMode: false });
}

function countBytes(size: number, onProgress: OnProgress): Transform {
  let count = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      count += chunk.length;
      onProgress(size > 0 ? count / size : 0);
      done(null, chunk);
    },
  });
}
