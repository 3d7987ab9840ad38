/** The body of a conversion request, multipart or raw: its request text and its files. */
import { AppError } from "../errors.ts";
import { MAX_FILES } from "../limits.ts";
import type { Warning } from "../pipeline/picture.ts";
import { readChunks } from "./body-window.ts";
import { readDisposition } from "../content-disposition.ts";
import { collectText, readText } from "./small-body.ts";
import { findBoundary, readMultipart, type Part } from "./multipart.ts";
import type { Upload } from "../stores/inputs.ts";

/** `files[]` is the documented name; the others are what people try. */
const FILE_PART = /^files?(\[\d*\])?$/;
const REQUEST_PART = "request";

export interface Received<Options, File> {
  options: Options;
  files: File[];
  warnings: Warning[];
}

/** What a dialect does with what arrives, in the order in which it arrives. */
export interface Receiver<Options, File> {
  /** Called once, before or after the files; with null when there is no request text. */
  readOptions(text: string | null): Options;
  takeFile(upload: Upload, index: number): Promise<File>;
}

/**
 * Reads the body to its end, handing each file on as it comes. A JSON body is the request text,
 * and there are no files then.
 * @throws AppError malformed_request, missing_file (no body, no text), too_many_files, and what the
 * receiver throws
 */
export async function receive<Options, File>(
  request: Request,
  receiver: Receiver<Options, File>,
): Promise<Received<Options, File>> {
  const outside =
    new URL(request.url).searchParams.get(REQUEST_PART) ?? request.headers.get("X-Pixmill-Request");
  const { body } = request;
  const contentType = request.headers.get("Content-Type");
  const boundary = findBoundary(contentType);
  if (!body || isBare(request.headers) || isJson(contentType)) {
    const text = (isJson(contentType) && (await readText(request))) || outside;
    if (!text) throw missingFile();
    return { options: receiver.readOptions(text), files: [], warnings: [] };
  }
  if (boundary !== null) return receiveParts(readMultipart(body, boundary), outside, receiver);
  const options = receiver.readOptions(outside);
  const upload = { filename: findRawFilename(request), chunks: readChunks(body) };
  return { options, files: [await receiver.takeFile(upload, 0)], warnings: [] };
}

async function receiveParts<Options, File>(
  parts: AsyncIterable<Part>,
  outside: string | null,
  receiver: Receiver<Options, File>,
): Promise<Received<Options, File>> {
  let options: { value: Options } | undefined;
  const files: File[] = [];
  const warnings: Warning[] = [];
  for await (const { name, filename, body } of parts) {
    if (name === REQUEST_PART) {
      if (options) throw new AppError("malformed_request", "There are two `request` parts.");
      options = { value: receiver.readOptions(await collectText(body)) };
    } else if (FILE_PART.test(name)) {
      if (files.length === MAX_FILES) throw tooManyFiles();
      files.push(await receiver.takeFile({ filename, chunks: body }, files.length));
    } else {
      warnings.push({ code: "unknown_member", message: `The part "${name}" was ignored.` });
    }
  }
  options ??= { value: receiver.readOptions(outside) };
  return { options: options.value, files, warnings };
}

export const missingFile = (): AppError =>
  new AppError(
    "missing_file",
    "Send at least one file, as a multipart part `files[]` or as the raw body, or an `input_url`.",
  );

/** An empty body that does not even claim to be something. */
const isBare = (headers: Headers): boolean =>
  headers.get("Content-Length") === "0" && !headers.has("Content-Type");

const isJson = (contentType: string | null): boolean =>
  /^application\/json\b/i.test(contentType ?? "");

const tooManyFiles = (): AppError =>
  new AppError("too_many_files", `A request may have ${MAX_FILES} files at most.`, {
    limit: MAX_FILES,
  });

function findRawFilename(request: Request): string | undefined {
  const header = request.headers.get("Content-Disposition");
  return (
    new URL(request.url).searchParams.get("filename") ??
    (header === null ? undefined : readDisposition(header).filename)
  );
}
