/** Files of jobs in R2. */
import { AppError } from "../errors.ts";
import type { FileStore } from "../jobs/ports.ts";
import { MIB } from "../limits.ts";
import { discard, fromBytes, type ByteSource } from "../pipeline/bytes.ts";

/** R2 takes parts of at least 5 MiB, all of the same size but the last. */
export const PART_BYTES = 5 * MIB;

/** What opening a file reads of it. Headers, and small files as a whole, then need nothing more. */
const HEAD_BYTES = 128 * 1024;

/** Files that are written without ever holding a whole part. */
const SMALL_BYTES = 512 * 1024;

export function fileStore(bucket: R2Bucket): FileStore {
  return {
    open: (key, etag) => open(bucket, key, etag),
    write: (key, chunks, mimeType) => write(bucket, key, chunks, mimeType),
    removeAll: (prefix) => guard(() => removeAll(bucket, prefix)),
    removeOlder: (prefix, before) => guard(() => removeOlder(bucket, prefix, before)),
  };
}

async function open(bucket: R2Bucket, key: string, etag?: string): Promise<ByteSource> {
  const get = async (range: R2Range): Promise<R2ObjectBody> => {
    const onlyIf = etag === undefined ? {} : { onlyIf: { etagMatches: etag } };
    const part = await guard(() => bucket.get(key, { range, ...onlyIf }));
    if (!part) throw new AppError("not_found", "The file is no longer stored.");
    if ("body" in part) return part;
    throw new AppError("upload_changed", "The file was replaced after it was checked.");
  };
  const object = await get({ offset: 0, length: HEAD_BYTES });
  const { size } = object;
  const stored = { key, etag: object.etag };
  const head = await guard(() => object.bytes());
  if (head.length >= size) return { ...fromBytes(head), stored };

  /** The last block read beyond the head: parsers read on where they stopped. */
  let block = { offset: 0, bytes: head };
  return {
    ...{ size, stored },
    async read(offset, length) {
      const end = Math.min(offset + length, size);
      if (end <= offset) return new Uint8Array(0);
      if (end <= head.length) return head.subarray(offset, end);
      if (offset < block.offset || end > block.offset + block.bytes.length) {
        const wanted = Math.min(Math.max(end - offset, HEAD_BYTES), size - offset);
        const part = await get({ offset, length: wanted });
        const bytes = await guard(() => part.bytes());
        if (bytes.length > HEAD_BYTES) return bytes;
        block = { offset, bytes };
      }
      return block.bytes.subarray(offset - block.offset, end - block.offset);
    },
    async stream(offset = 0) {
      if (offset >= size) return fromBytes(new Uint8Array(0)).stream();
      return (await get({ offset })).body;
    },
  };
}

/** Nothing is allocated until the first chunk; the buffer grows to one part at most. */
async function write(
  bucket: R2Bucket,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  mimeType: string,
): Promise<{ sizeBytes: number }> {
  const options = { httpMetadata: { contentType: mimeType } };
  const parts: R2UploadedPart[] = [];
  let upload: R2MultipartUpload | undefined;
  let buffer = new Uint8Array(0);
  let filled = 0;
  let sizeBytes = 0;

  /** Sends the buffer as the next part. */
  const flush = async () => {
    const opened = (upload ??= await guard(() => bucket.createMultipartUpload(key, options)));
    const part = buffer.subarray(0, filled);
    parts.push(await guard(() => opened.uploadPart(parts.length + 1, part)));
    filled = 0;
    return opened;
  };
  try {
    for await (const chunk of chunks) {
      for (let taken = 0; taken < chunk.length;) {
        // Only now is it certain that the full part is not the last.
        if (filled === PART_BYTES) await flush();
        const length = Math.min(chunk.length - taken, PART_BYTES - filled);
        buffer = grow(buffer, filled + length);
        buffer.set(chunk.subarray(taken, taken + length), filled);
        filled += length;
        taken += length;
      }
      sizeBytes += chunk.length;
    }
    if (!upload) {
      await guard(() => bucket.put(key, buffer.subarray(0, filled), options));
    } else {
      const opened = await flush();
      await guard(() => opened.complete(parts));
    }
    return { sizeBytes };
  } catch (error) {
    // An upload that cannot even be aborted is dropped by R2 after a week.
    await upload?.abort().catch(() => undefined);
    throw error;
  } finally {
    discard(buffer.buffer);
  }
}

function grow(buffer: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= buffer.length) return buffer;
  // Beyond a small file a whole part at once: every step of doubling would leave garbage behind.
  const size = needed > SMALL_BYTES ? PART_BYTES : Math.max(needed, 2 * buffer.length, HEAD_BYTES);
  return new Uint8Array(buffer.buffer.transfer(size));
}

async function removeAll(bucket: R2Bucket, prefix: string): Promise<void> {
  // Always the first page: what it listed is gone by the next round.
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix });
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}

async function removeOlder(bucket: R2Bucket, prefix: string, before: number): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, ...(cursor && { cursor }) });
    const old = page.objects.filter(({ uploaded }) => uploaded.getTime() < before);
    if (old.length > 0) await bucket.delete(old.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
}

/** R2's errors as ours. */
async function guard<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new AppError("storage_unavailable", "The file store is not available.", {}, { cause });
  }
}
