/** Input files on their way into the store: checked, hashed and counted while they stream. */
import { createHash } from "node:crypto";
import { AppError, fileTooLarge, unreadable } from "../errors.ts";
import { isReadable, readableFormats, sniffFormat } from "../find-format.ts";
import { SNIFF_BYTES } from "../magic.ts";
import { FORMATS, type FormatName } from "../formats.ts";
import { cleanFilename } from "../jobs/filenames.ts";
import type { InputFile } from "../jobs/job.ts";
import type { FileStore } from "../jobs/ports.ts";

export interface Upload {
  filename: string | undefined;
  /** Each chunk is valid until the next pull. */
  chunks: AsyncIterable<Uint8Array>;
}

/** What becomes of a file that cannot be read: it is refused, or kept for its job to fail. */
export type UnknownFormat = "refuse" | "keep";

/**
 * Stores one file. An upload that is refused leaves no object.
 * @param maxBytes longest file the caller's plan allows
 * @throws AppError empty_file, unsupported_input_format, file_too_large
 */
export async function storeUpload(
  files: Pick<FileStore, "write">,
  key: string,
  upload: Upload,
  maxBytes: number,
  unknown: UnknownFormat = "refuse",
): Promise<InputFile> {
  const hash = createHash("sha256");
  const measured = measure(upload.chunks, maxBytes, hash)[Symbol.asyncIterator]();
  try {
    const head = await peek(measured);
    const format = findFormatOf(head, upload.filename, unknown);
    const mimeType = mimeTypeOf(format);
    const { sizeBytes } = await files.write(key, prepend(head, measured), mimeType);
    return {
      filename: cleanFilename(upload.filename, defaultName(format)),
      format,
      mimeType,
      sizeBytes,
      sha256: hash.digest("hex"),
      key,
    };
  } finally {
    await measured.return(undefined);
  }
}

/**
 * A file that the client has stored by itself, as it is now: its version is pinned, so that it
 * cannot be replaced behind the check. One that may not be used is removed.
 * @throws AppError upload_missing, empty_file, file_too_large, upload_changed
 */
export async function inspectUpload(
  bucket: R2Bucket,
  key: string,
  filename: string,
  maxBytes: number,
): Promise<InputFile> {
  const stored = await bucket.head(key);
  if (!stored) throw new AppError("upload_missing", "The file has not been uploaded.");
  const { etag, size } = stored;
  if (size === 0 || size > maxBytes) {
    await bucket.delete(key);
    throw size === 0 ? new AppError("empty_file", "The file is empty.") : fileTooLarge(maxBytes);
  }
  const range = { offset: 0, length: Math.min(size, SNIFF_BYTES) };
  const head = await bucket.get(key, { range, onlyIf: { etagMatches: etag } });
  if (!head || !("body" in head)) {
    throw new AppError("upload_changed", "The file was replaced while it was checked.");
  }
  const format = sniffFormat(await head.bytes()) ?? null;
  return {
    ...{ filename, format, mimeType: mimeTypeOf(format), sizeBytes: size, sha256: null, key },
    etag,
  };
}

/** Lower-case hex SHA-256 of an upload that is not to be stored. */
export async function hashUpload(upload: Upload, maxBytes: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const _ of measure(upload.chunks, maxBytes, hash));
  return hash.digest("hex");
}

/** The same chunks, up to a limit. @throws AppError file_too_large */
export async function* limitBytes(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, undefined> {
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw fileTooLarge(maxBytes);
    yield chunk;
  }
}

async function* measure(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of limitBytes(chunks, maxBytes)) {
    hash.update(chunk);
    yield chunk;
  }
}

/** A copy of the first chunks, enough of them to tell the format. */
async function peek(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  while (head.length < SNIFF_BYTES) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* prepend(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let step = await rest.next(); !step.done; step = await rest.next()) yield step.value;
}

export const mimeTypeOf = (format: FormatName | null): string =>
  format === null ? "application/octet-stream" : FORMATS[format].mimeType;

const defaultName = (format: FormatName | null): string => `input.${format ?? "bin"}`;

function findFormatOf(
  head: Uint8Array,
  filename: string | undefined,
  unknown: UnknownFormat,
): FormatName | null {
  const details = { filename: filename ?? null, supported: readableFormats() };
  if (head.length === 0) throw new AppError("empty_file", "A file is empty.", details);
  const format = sniffFormat(head) ?? null;
  if (unknown === "keep") return format;
  if (format === null) {
    throw new AppError(
      "unsupported_input_format",
      "A file is in none of the formats that can be read.",
      details,
    );
  }
  if (!isReadable(format)) throw unreadable(format, details);
  return format;
}
