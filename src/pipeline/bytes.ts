/** Random and sequential access to a stored file, whatever stores it. */
import { AppError } from "../errors.ts";

export interface ByteSource {
  readonly size: number;
  /** Bytes `offset` to `offset + length`, fewer only where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The file from `offset` on, as a byte stream (readable BYOB). */
  stream(offset?: number): Promise<ReadableStream<Uint8Array>>;
  /** Where it lies in the store, for others who can read there. */
  readonly stored?: StoredFile;
}

export interface StoredFile {
  key: string;
  /** The version that is meant. */
  etag: string;
}

/** A ByteSource over bytes that are in memory already. */
export function fromBytes(bytes: Uint8Array): ByteSource {
  return toSource(bytes.length, (offset, length) =>
    Promise.resolve(bytes.subarray(offset, offset + length)),
  );
}

/**
 * A part of a file as if it were one: what a container holds, for the codec of that.
 * @param size shortened where the file ends before
 */
export function slice(source: ByteSource, start: number, size: number): ByteSource {
  const available = Math.max(0, Math.min(size, source.size - start));
  return toSource(available, (offset, length) =>
    source.read(start + offset, Math.max(0, Math.min(length, available - offset))),
  );
}

/** `head` and then the file. */
export function prepend(head: Uint8Array, rest: ByteSource): ByteSource {
  return toSource(head.length + rest.size, async (offset, length) => {
    if (offset >= head.length) return await rest.read(offset - head.length, length);
    const part = head.subarray(offset, offset + length);
    if (part.length === length) return part;
    const behind = await rest.read(0, length - part.length);
    const bytes = new Uint8Array(part.length + behind.length);
    bytes.set(part);
    bytes.set(behind, part.length);
    return bytes;
  });
}

/** The same file, read through a window (see `createWindow`). */
export function windowed(source: ByteSource, windowBytes: number): ByteSource {
  return toSource(source.size, createWindow(source, windowBytes));
}

/** Reads of which those that follow each other closely become one, of `windowBytes`. */
export function createWindow(source: ByteSource, windowBytes: number): ByteSource["read"] {
  let windowStart = 0;
  let window = new Uint8Array(0) as Uint8Array;
  return async (offset, length) => {
    if (offset < windowStart || offset + length > windowStart + window.length) {
      const bytes = await source.read(offset, Math.max(length, windowBytes));
      if (length > windowBytes) return bytes;
      windowStart = offset;
      window = bytes;
    }
    return window.subarray(offset - windowStart, offset - windowStart + length);
  };
}

/** The same file, whose reads and streams that are near each other become one, of `windowBytes`. */
export function withWindow(source: ByteSource, windowBytes: number): ByteSource {
  return toSource(source.size, createWindow(source, windowBytes));
}

/** A source whose stream reads a chunk at a time. */
function toSource(size: number, read: ByteSource["read"]): ByteSource {
  return {
    size,
    read,
    stream: (offset = 0) => {
      let position = offset;
      return Promise.resolve(
        new ReadableStream({
          type: "bytes",
          async pull(controller) {
            const bytes = await read(position, CHUNK_BYTES);
            // What is enqueued is detached, so it must not be another's.
            if (bytes.length > 0) controller.enqueue(bytes.slice());
            position += bytes.length;
            if (bytes.length === 0 || position >= size) {
              controller.close();
              controller.byobRequest?.respond(0);
            }
          },
        }) as ReadableStream<Uint8Array>,
      );
    },
  };
}

const CHUNK_BYTES = 256 * 1024;

/** `min` is in the standard and in workerd, not yet in every type library. */
interface MinReader {
  read(view: Uint8Array, options: { min: number }): Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel(): Promise<void>;
}

/**
 * The stream in chunks of `chunkBytes` (the last may be shorter). Read BYOB with `min`: a default
 * reader gets 4 KB at a time and takes ten times as long. A chunk is valid until the next pull,
 * its buffer is used again.
 */
export async function* chunks(
  stream: ReadableStream<Uint8Array>,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader({ mode: "byob" }) as MinReader;
  let buffer = new ArrayBuffer(chunkBytes);
  try {
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(buffer), { min: chunkBytes });
      if (!value) return;
      buffer = value.buffer as ArrayBuffer;
      if (value.length > 0) yield value;
      if (done) return;
    }
  } finally {
    // Also reached when the consumer stops early; an unread body would hold its connection.
    await reader.cancel().catch(() => undefined);
    discard(buffer);
  }
}

/** Gives a buffer's memory back at once: what is merely dropped is collected late, megabytes later. */
export function discard(buffer: ArrayBuffer): void {
  if (!buffer.detached) buffer.transfer(0);
}

/**
 * Hands the whole file to `write(offset, chunk)`, e.g. into WASM memory.
 * @throws AppError storage_unavailable when the stream ends early
 */
export async function readAll(
  source: ByteSource,
  write: (offset: number, chunk: Uint8Array) => void,
): Promise<void> {
  let offset = 0;
  for await (const chunk of chunks(await source.stream())) {
    write(offset, chunk);
    offset += chunk.length;
  }
  if (offset !== source.size) {
    throw new AppError("storage_unavailable", "The stored file could not be read to its end.");
  }
}
