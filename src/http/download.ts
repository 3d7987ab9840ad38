/** Stored files as answers: one with ranges, several as a ZIP. */
import { makeZip, predictLength } from "client-zip";
import { AppError } from "../errors.ts";
import type { OutputFile } from "../jobs/job.ts";
import { chunks } from "../pipeline/bytes.ts";
import { attachment } from "../content-disposition.ts";
import { readRange } from "./range.ts";

/** A file's key is written once, so that it serves as the version of its content. */
const toEtag = (key: string): string => `"${key.replaceAll("/", "-")}"`;

const gone = (): AppError => new AppError("job_expired", "The files of this job are gone.");

function toHeaders(filename: string, mimeType: string, etag: string): Headers {
  return new Headers({
    "Content-Type": mimeType,
    "Content-Disposition": attachment(filename),
    "Cache-Control": "private, no-cache",
    ETag: etag,
  });
}

function isUnchanged(request: Request, etag: string): boolean {
  const known = request.headers.get("If-None-Match");
  return known !== null && known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

/**
 * One file: whole, a range of it, its headers (HEAD), or 304.
 * @throws AppError job_expired, range_not_satisfiable
 */
export async function sendFile(
  request: Request,
  bucket: R2Bucket,
  file: OutputFile,
): Promise<Response> {
  const { sizeBytes, key } = file;
  const etag = toEtag(key);
  const headers = toHeaders(file.filename, file.mimeType, etag);
  headers.set("Accept-Ranges", "bytes");
  if (isUnchanged(request, etag)) return new Response(null, { status: 304, headers });

  const ifRange = request.headers.get("If-Range");
  const wanted = ifRange === null || ifRange === etag ? request.headers.get("Range") : null;
  const range = readRange(wanted, sizeBytes);
  if (range === "unsatisfiable") {
    throw new AppError("range_not_satisfiable", `The file has ${sizeBytes} bytes.`, {
      size_bytes: sizeBytes,
    });
  }
  headers.set("Content-Length", String(range?.length ?? sizeBytes));
  if (range) {
    const last = range.offset + range.length - 1;
    headers.set("Content-Range", `bytes ${range.offset}-${last}/${sizeBytes}`);
  }
  const status = range ? 206 : 200;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  const object = await bucket.get(key, range ? { range } : {});
  if (!object) throw gone();
  return new Response(object.body, { status, headers });
}

/**
 * Several files as a ZIP. They are stored, since pictures do not shrink, which makes the length
 * known beforehand.
 * @param modifiedAt milliseconds since 1970
 */
export function sendZip(
  request: Request,
  bucket: R2Bucket,
  archive: { name: string; files: readonly OutputFile[]; modifiedAt: number },
): Response {
  const lastModified = new Date(archive.modifiedAt);
  const entries = archive.files.map(({ filename, sizeBytes, key }) => ({
    name: filename,
    size: sizeBytes,
    lastModified,
    key,
  }));
  const lengthBytes = predictLength(entries);
  const etag = toEtag(archive.files.map(({ key }) => key).join());
  const headers = toHeaders(archive.name, "application/zip", etag);
  if (isUnchanged(request, etag)) return new Response(null, { status: 304, headers });
  headers.set("Content-Length", String(lengthBytes));
  if (request.method === "HEAD") return new Response(null, { headers });

  const { readable, writable } = new FixedLengthStream(lengthBytes);
  const open = async function* () {
    for (const { key, ...entry } of entries) yield { ...entry, input: readObject(bucket, key) };
  };
  // A failure breaks the connection, short of its length; the status has long been sent.
  makeZip(open())
    .pipeTo(writable)
    .catch((error: unknown) => console.warn(`download of ${archive.name} broke off`, error));
  return new Response(readable, { headers });
}

async function* readObject(bucket: R2Bucket, key: string): AsyncGenerator<Uint8Array> {
  const object = await bucket.get(key);
  if (!object) throw gone();
  // The ZIP's stream holds a chunk on while it pulls the next.
  for await (const chunk of chunks(object.body)) yield chunk.slice();
}
