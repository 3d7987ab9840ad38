/** The one place from which files at URLs that strangers named are fetched. */
import { readDisposition } from "../content-disposition.ts";
import { AppError, fileTooLarge } from "../errors.ts";
import { chunks } from "../pipeline/bytes.ts";
import { isPublicAddress, readAddress } from "./addresses.ts";
import { startDeadline, type Deadline, type TimeLimits } from "./deadline.ts";
import type { Resolve } from "./resolve.ts";
import { checkUrl, refusal, type UrlPolicy } from "./url.ts";

export interface RemoteFile {
  /** From Content-Disposition, else from the path, as it stands there. */
  filename: string | undefined;
  /** The body. Each chunk is valid until the next pull; closing early drops the connection. */
  chunks: AsyncIterable<Uint8Array>;
}

export interface RemoteOptions extends Partial<TimeLimits> {
  /** Longest file that is taken. */
  maxBytes: number;
  resolve: Resolve;
  /** What requests go out by: the runtime's own. */
  fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

const DEFAULT_LIMITS: TimeLimits = { headersTimeoutMs: 10_000, timeoutMs: 30_000 };

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** All that is sent: no cookies, no credentials, no referrer. */
const HEADERS = {
  "User-Agent": "Pixmill/1.0",
  Accept: "image/*,*/*;q=0.5",
  // Pictures are compressed already, and what arrives is then as long as was announced.
  "Accept-Encoding": "identity",
};

/**
 * Requests a file by GET and answers when its headers are there. Every host on the way, those of
 * redirects included, passes `checkUrl`, and so does every address that its name has. What the
 * file is must be told from its bytes.
 * @throws AppError url_not_allowed; download_failed; file_too_large when the length that is
 * announced is over the limit. `chunks` throws the last two.
 */
export async function openRemote(
  url: string,
  policy: UrlPolicy,
  options: RemoteOptions,
): Promise<RemoteFile> {
  const deadline = startDeadline({ ...DEFAULT_LIMITS, ...options });
  try {
    const { response, location } = await follow(url, policy, options, deadline.signal);
    deadline.passHeaders();
    await requireFile(response, options.maxBytes);
    return {
      filename: readFilename(response, location),
      chunks: readBody(response, options.maxBytes, deadline),
    };
  } catch (error) {
    deadline.clear();
    throw explain(error, deadline.signal);
  }
}

/** The first answer that is no redirect. */
async function follow(
  text: string,
  policy: UrlPolicy,
  { resolve, fetch = globalThis.fetch }: RemoteOptions,
  signal: AbortSignal,
): Promise<{ response: Response; location: URL }> {
  let location = checkUrl(text, policy);
  for (let redirects = 0; ; redirects++) {
    if (!policy.allowPrivate) await checkName(location.hostname, resolve, signal);
    const response = await fetch(location, {
      headers: HEADERS,
      redirect: "manual",
      // One customer's file is not to be answered to another from a cache.
      cache: "no-store",
      signal,
    });
    const target = REDIRECTS.includes(response.status) ? response.headers.get("Location") : null;
    if (target === null) return { response, location };
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) {
      throw failure("redirects", `The URL leads to more than ${MAX_REDIRECTS} redirects.`);
    }
    location = checkUrl(target, policy, location);
  }
}

/**
 * Every address counts, because nobody knows which of them the runtime will take.
 * @throws AppError url_not_allowed, download_failed
 */
async function checkName(hostname: string, resolve: Resolve, signal: AbortSignal): Promise<void> {
  if (readAddress(hostname) !== undefined) return;
  const addresses = await resolve(hostname, signal).catch((cause: unknown) => {
    throw failure("name", "The name of the URL's host could not be looked up.", cause);
  });
  if (addresses.length === 0) throw failure("name", "The URL's host does not exist.");
  if (!addresses.every(isPublicAddress)) throw refusal("host");
}

/** @throws AppError download_failed, file_too_large */
async function requireFile(response: Response, maxBytes: number): Promise<void> {
  const isTooLarge = Number(response.headers.get("Content-Length")) > maxBytes;
  if (response.ok && !isTooLarge) return;
  await response.body?.cancel();
  if (response.ok) throw fileTooLarge(maxBytes);
  throw failure("status", `The URL's server answered with status ${response.status}.`);
}

async function* readBody(
  { body }: Response,
  maxBytes: number,
  deadline: Deadline,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  try {
    if (body === null) return;
    for await (const chunk of chunks(body)) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw fileTooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw explain(error, deadline.signal);
  } finally {
    deadline.clear();
  }
}

/** The name in the header, else the last part of the path. */
function readFilename({ headers }: Response, { pathname }: URL): string | undefined {
  const named = readDisposition(headers.get("Content-Disposition") ?? "").filename;
  return named || decodePath(pathname.slice(pathname.lastIndexOf("/") + 1)) || undefined;
}

/** As it stands where the percent signs are no UTF-8. */
function decodePath(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** @param reason one word for programs */
const failure = (reason: string, message: string, cause?: unknown): AppError =>
  new AppError("download_failed", message, { reason }, { cause });

/** Runtimes differ in what an aborted or broken transfer throws. */
function explain(error: unknown, signal: AbortSignal): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  if (error instanceof AppError) return error;
  return failure("connection", "The connection to the URL's server failed.", error);
}
